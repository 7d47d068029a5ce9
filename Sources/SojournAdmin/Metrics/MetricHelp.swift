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
        "report_longest_pause_seconds":
            "The longest that the service stood still to read live sessions for a report.",
        "archive_transactions_total": "Transactions of the archive.",
        "archive_refusals_total": "Transactions that the archive refused.",
        "archive_expired_sessions_total": "Archived sessions that were erased for their age.",
        "archive_longest_transaction_seconds": "The longest transaction of the archive.",
        "queued_requests": "Requests that were received and not yet answered.",
        "queued_bytes": "Bytes of those requests.",
        "replies_unreachable_total": "Replies whose peer was gone.",
        "replies_unread_total": "Replies whose peer did not read fast enough.",
        "client_share_refusals_total":
            "Requests refused because their client had as much in the queue as one may.",
        "rate_limited_batches_total": "Batches refused because their client sent too many events.",
        "open_requests": "Requests that the router has taken and not yet answered.",
        "requests_in_flight": "Requests of which parts are with workers, or wait for them.",
        "workers": "Workers that the router was told of.",
        "workers_up": "Workers that answer.",
        "partitions": "Partitions of the deployment.",
        "partitions_covered": "Partitions that have a worker.",
        "partitions_up": "Partitions that have a worker that answers.",
        "reports_in_flight": "Reports over several workers that are not answered yet.",
        "parts_in_flight": "Parts that wait for workers, or for their answers.",
        "parts_total": "Parts that were made; a batch that goes to one worker is one.",
        "parts_resent_total": "Parts that were sent again, for no answer came.",
        "parts_unknown_total": "Parts of which nobody knows whether they were applied.",
        "batches_whole_total": "Batches that went to one worker as they came.",
        "batches_split_total": "Batches that were split over several workers.",
        "batch_events_total":
            "Events of batches that went to workers, those that came again included.",
        "worker_replies_late_total": "Answers of workers that nobody waited for any more.",
        "worker_replies_bad_total": "Answers of workers that made no sense.",
        "worker_up": "1 when the worker answers.",
        "worker_parts_waiting": "Parts that wait for their turn at the worker.",
        "worker_parts_in_flight": "Parts that the worker has not answered yet.",
        "worker_queued_bytes": "Bytes of both.",
        "worker_downs_total": "How often the worker was found to be gone.",
        "worker_latency_seconds": "How long the worker takes to answer, a running mean.",
        "property_clock_timestamp_seconds": "The property's clock, in seconds since the epoch.",
        "property_texts": "Distinct texts that live sessions of the property hold.",
        "property_text_overflows_total": "Texts that became (other), for want of room.",
        "property_contexts": "Distinct contexts that live sessions of the property hold.",
        "property_context_overflows_total": "Contexts that became (other), for want of room.",
        "first_partition": "The first of the partitions that this service has.",
        "last_partition": "The last of the partitions that this service has.",
        "forgotten_visitors_total": "Visitors who were to be forgotten, known or not.",
        "connections": "Connections that are there, those that greet included.",
        "connections_accepted_total": "Connections that were accepted.",
        "connections_accept_failed_total":
            "Connections that were not accepted, for want of file descriptors.",
        "connections_established_total": "Connections whose peers have greeted as they must.",
        "connections_unauthorized_total":
            "Connections turned away because their key is not in the file of clients.",
        "connections_too_many_total":
            "Connections turned away because there were as many as there may be.",
        "connections_other_mechanism_total":
            "Connections that spoke plain text or another mechanism where CURVE is spoken.",
        "connections_wrong_server_key_total": "Connections that took this server for another.",
        "connections_failed_total": "Connections that said nothing, or nonsense.",
        "admin_refusals_total": "Requests to the admin port that were refused, by what was wrong.",
        "reports_total": "Reports that were answered.",
        "reports_queued": "Reports that wait for their turn.",
        "report_longest_seconds": "The longest that a report took.",
        "feed_connections": "Connections of readers of the feed, those that greet included.",
        "feed_subscriptions_total": "Subscriptions to topics of the feed.",
        "feed_subscriptions_refused_total":
            "Subscriptions to no topic of the feed, or to one that the reader may not read.",
        "feed_messages_total":
            "Messages of the feed that were published, those that say nothing included.",
        "feed_bytes_total": "Bytes of the messages of the feed.",
        "feed_entries_total":
            "Sessions that were opened or finished, and revisions, that the feed has told.",
        "feed_messages_unread_total":
            "Times that a reader of the feed had no room for a message, and gets none until it has.",
        "feed_lost_bytes_total": "Bytes that were never published, for too many waited.",
        "feed_revocations_total":
            "Times that all readers of the feed had to connect anew, for one had lost a right.",
        "worker_first_partition": "The first of the worker's partitions.",
        "worker_last_partition": "The last of the worker's partitions.",
        "worker_parts_total": "Parts that were made for the worker.",
        "worker_parts_resent_total":
            "Parts that were sent to the worker again, for no answer came.",
        "worker_replies_total": "Answers of the worker.",
        "cluster_partitions": "Partitions of the cluster.",
        "cluster_partitions_owned": "Partitions that this worker serves.",
        "cluster_workers": "Workers that are heard of.",
        "cluster_draining": "1 while this worker hands over what it has and takes nothing.",
        "cluster_nats_connected": "1 while a NATS server is connected.",
        "cluster_nats_reconnections_total": "Times that a NATS server was connected again.",
        "cluster_take_overs_total": "Partitions that this worker has taken.",
        "cluster_hand_overs_total": "Partitions that this worker has handed over.",
        "cluster_epoch": "The number of the claim to the partition.",
        "cluster_appends_resent_total":
            "Messages that were sent to the log again, for it had not confirmed them.",
        "cluster_log_room_messages":
            "Messages that the log takes before it drops one that no snapshot has.",
        "cluster_snapshots_total": "Snapshots that were put into the cluster.",
        "cluster_snapshot_failures_total": "Snapshots that could not be put into the cluster.",
        "cluster_snapshot_bytes": "Size of the newest snapshots.",
        "partition_epoch": "The number of this worker's claim to the partition.",
        "partition_sequence": "The last message of the partition's log that is applied.",
        "partition_waiting_bytes": "Bytes that the partition's log has not confirmed.",
    ]

    static func isKnown(_ name: String) -> Bool { sentences[name] != nil }

    /// The sentence for a metric; of one without, its name in words.
    static func text(for name: String) -> String {
        sentences[name] ?? name.split(separator: "_").joined(separator: " ") + "."
    }
}
