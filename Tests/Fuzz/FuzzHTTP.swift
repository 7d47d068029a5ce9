import Foundation
import SojournModel
import SojournPage
import SojournServer

/// What browsers send to the admin port.
enum FuzzHTTP {
    /// An address that makes sense is one that a link leads back to, and its page has no markup but its own.
    static func pageAddress(_ bytes: [UInt8]) {
        let query = String(decoding: bytes, as: UTF8.self)
        do throws(PageAddress.Fault) {
            let address = try PageAddress(query: query)
            let link = address.link
            precondition(link.hasPrefix("/?"))
            do throws(PageAddress.Fault) {
                let again = try PageAddress(query: String(link.dropFirst(2)))
                precondition(again == address, "a link leads elsewhere")
            } catch {
                // What is written longer than it came need not fit.
                precondition(link.utf8.count > 4_096, "a link leads nowhere: \(error.sentence)")
            }
            let page = PageDocument.html(content(of: address))
            precondition(scripts(page) == plainScripts, "the page has a script of somebody else")
        } catch {
            precondition(!error.sentence.isEmpty)
            let page = PageDocument.fault(error.sentence, theme: nil)
            precondition(scripts(page) == plainScripts, "the page has a script of somebody else")
        }
    }

    private static func content(of address: PageAddress) -> PageContent {
        var content = PageContent(
            address, of: .service, properties: [.init(id: PropertyID(1), name: "shop")],
            time: 1_700_000_000_000, theme: nil, version: "1"
        ) { $0 }
        let questions = content.questions
        content.breakdowns = questions.breakdowns.map { _ in .failure("not asked") }
        if questions.funnel != nil { content.funnel = .failure("not asked") }
        return content
    }

    private static let plainScripts = scripts(PageDocument.fault("nothing", theme: nil))

    private static func scripts(_ page: String) -> Int {
        page.lowercased().components(separatedBy: "<script").count
    }

    /// A header is read or not; a password that browsers send is read whole.
    static func authorization(_ bytes: [UInt8]) {
        let header = String(decoding: bytes, as: UTF8.self)
        if let token = AuthorizationHeader.token(in: header) {
            precondition(token.count <= header.utf8.count)
        }
        guard bytes.count < 700 else { return }
        let basic = "Basic " + Data("name:".utf8 + bytes).base64EncodedString()
        precondition(AuthorizationHeader.token(in: basic) == bytes, "a password is another one")
    }
}
