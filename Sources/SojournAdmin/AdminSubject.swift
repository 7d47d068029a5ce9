package import SojournRouter
package import SojournService

/// What an admin port is of: a service, or a router, which has no sessions to report on.
package struct AdminSubject: Sendable {
    let name: String
    let version: String
    /// Those that the page tells of; none of a router, which has no page.
    let properties: [ServiceProperty]

    package init(_ service: ServiceConfiguration) {
        name = service.serverName
        version = service.serverVersion
        properties = service.properties
    }

    package init(_ router: RouterConfiguration) {
        name = router.serverName
        version = router.serverVersion
        properties = []
    }

    var hasPage: Bool { !properties.isEmpty }
}
