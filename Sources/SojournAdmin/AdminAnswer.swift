import FlyingFox
import Foundation

/// What the admin port answers, before it is HTTP.
struct AdminAnswer {
    var status: HTTPStatusCode
    var contentType: String
    var body: String
    /// How long a browser may keep it; nothing that changes may be kept.
    var isLasting = false

    init(_ status: HTTPStatusCode, _ contentType: String, _ body: String) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A sentence.
    static func text(_ status: HTTPStatusCode, _ sentence: String) -> AdminAnswer {
        AdminAnswer(status, "text/plain; charset=utf-8", sentence + "\n")
    }

    /// Nothing, to one who has not shown the token. Browsers look at the first way to show it that they
    /// know, and ask the person before them.
    static func unauthorized(_ sentence: String) -> AdminAnswer { .text(.unauthorized, sentence) }

    static func html(_ status: HTTPStatusCode, _ page: String) -> AdminAnswer {
        AdminAnswer(status, "text/html; charset=utf-8", page)
    }

    func response(to request: HTTPRequest) -> HTTPResponse {
        let bytes = Data(body.utf8)
        var headers: HTTPHeaders = [
            .contentType: contentType,
            // A HEAD is told how much a GET would bring.
            .contentLength: "\(bytes.count)",
            .cacheControl: isLasting ? "max-age=31536000, immutable" : "no-store",
            HTTPHeader("X-Content-Type-Options"): "nosniff",
            HTTPHeader("Referrer-Policy"): "no-referrer",
            // Nor may a page from anywhere else show what a browser gets with the token that it keeps.
            HTTPHeader("Cross-Origin-Resource-Policy"): "same-origin",
            // Nothing from anywhere else, and no script but our own.
            HTTPHeader("Content-Security-Policy"):
                "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
                + "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ]
        if status == .unauthorized {
            headers[HTTPHeader("WWW-Authenticate")] =
                #"Basic realm="sojourn", Bearer realm="sojourn""#
        }
        if status == .methodNotAllowed { headers[HTTPHeader("Allow")] = "GET, HEAD" }
        return HTTPResponse(
            statusCode: status, headers: headers, body: request.method == .HEAD ? Data() : bytes)
    }
}
