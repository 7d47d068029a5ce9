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
        // FNV-1a: this need only differ when the content does.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in content.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        path = "/\(name)-\(String(hash, radix: 16)).\(suffix)"
        self.contentType = contentType
        self.content = content
    }
}
