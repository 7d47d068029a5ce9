import SojournPage
import SojournRouter
package import SojournServer
package import SojournService

/// What an admin port is of: a service, or a router, which asks its workers for what its page shows.
package struct AdminSubject: Sendable {
    let name: String
    let version: String
    let origin: PageContent.Origin
    /// Those that the page tells of.
    let properties: [ServiceProperty]

    package init(_ service: ServiceConfiguration) {
        name = service.serverName
        version = service.serverVersion
        origin = .service
        properties = service.properties
    }

    package init(_ router: RouterServerConfiguration) {
        name = router.router.serverName
        version = router.router.serverVersion
        origin = .router
        properties = router.properties
    }
}
