/// What each metric means, in a sentence, by its name without the prefix.
enum MetricHelp {
    private static let sentences: [String: String] = [
        "uptime_seconds": "How long the service has run.",
        "draining": "1 when the service is about to stop and refuses new batches.",
        "requests_total": "Requests whose header could be read, by operation.",
        "request_duration_seconds":
            "From when a request was taken in to when its reply left, the journal included.",
        "batches_total": "Batches that were applied.",
        "repeated_batches_total": "Batches that were answered from memory, for they came again.",
        "errors_total": "Requests that were refused with an error, by its code.",
        "drops_total": "Messages that could not be answered, by what was wrong.",
        "events_total": "Events by what became of them.",
        "sessions_opened_total": "Sessions that were opened.",
        "sessions_finished_total": "Sessions that were finished.",
        "sessions_merged_total": "Sessions that became part of another one.",
        "live_visitors": "Visitors with a session that is not finished.",
        "live_sessions": "Sessions that are not finished, those merged away included.",
        "remembered_visitors": "Visitors without a session whose number of sessions is remembered.",
        "remembered_visitor_evictions_total": "Visitors forgotten early, for want of room.",
        "producers": "Producers whose batches are remembered.",
        "producer_evictions_total": "Producers forgotten for want of room.",
        "producer_reply_bytes": "Size of the replies that are kept for retries.",
        "producer_reply_evictions_total": "Kept replies dropped for want of room.",
        "journal_position": "The last record that was made.",
        "journal_written_position": "The last record that is as durable as it was to be.",
        "journal_durable_position": "The last record that is on disk.",
        "journal_available": "1 when the journal can be written.",
        "journal_groups_total": "Groups of records that were written, each with one sync.",
        "journal_bytes_total": "Bytes written to the journal.",
        "journal_refusals_total": "Groups that the disk refused.",
        "snapshots_total": "Snapshots that were taken.",
        "snapshot_failures_total": "Snapshots that could not be taken.",
        "snapshot_bytes": "Size of the last snapshot.",
        "snapshot_longest_pause_seconds":
            "The longest that the service stood still for a snapshot.",
        "archive_waiting_bytes": "Finished sessions, in bytes, that wait for the archive.",
        "archive_available": "0 when no more finished sessions can wait, and batches are refused.",
        "archive_writable": "0 while the archive cannot be written.",
        "archive_sessions_total": "Sessions that were archived.",
        "archive_lag_seconds":
            "How long the oldest finished session has waited for the archive.",
        "archive_transactions_total": "Transactions of the archive.",
        "archive_refusals_total": "Transactions that the archive refused.",
        "archive_expired_sessions_total": "Archived sessions that were erased for their age.",
        "archive_longest_transaction_seconds": "The longest transaction of the archive.",
        "queued_requests": "Requests that were received and not yet answered.",
        "queued_bytes": "Bytes of those requests.",
        "replies_unreachable_total": "Replies whose peer was gone.",
        "replies_unread_total": "Replies whose peer did not read fast enough.",
        "property_clock_timestamp_seconds": "The property's clock, in seconds since the epoch.",
        "property_texts": "Distinct texts that live sessions of the property hold.",
        "property_text_overflows_total": "Texts that became (other), for want of room.",
        "property_contexts": "Distinct contexts that live sessions of the property hold.",
        "property_context_overflows_total": "Contexts that became (other), for want of room.",
    ]

    /// The sentence for a metric; of one without, its name in words.
    static func text(for name: String) -> String {
        sentences[name] ?? name.split(separator: "_").joined(separator: " ") + "."
    }
}
