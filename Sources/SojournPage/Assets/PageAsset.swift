import SojournModel

/// A file that the page needs besides itself. Its name changes with its content, so browsers may keep
/// it for ever.
package struct PageAsset: Sendable {
    package let path: String
    package let contentType: String
    package let content: String

    package static let style = PageAsset("page", "css", "text/css; charset=utf-8", pageStyle)
    package static let script = PageAsset(
        "page", "js", "text/javascript; charset=utf-8", pageScript)
    package static let all = [style, script]

    private init(_ name: String, _ suffix: String, _ contentType: String, _ content: String) {
        // It need only differ when the content does.
        let hash = FNV1a.hash(content.utf8)
        path = "/\(name)-\(String(hash, radix: 16)).\(suffix)"
        self.contentType = contentType
        self.content = content
    }
}
