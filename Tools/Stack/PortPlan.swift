// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
    import Glibc
#endif

/// Which loopback port each part listens on; all follow from one base port.
public struct PortPlan: Codable, Equatable, Sendable {
    /// The first of the 40 ports in use.
    public let base: Int

    /// Takes 40 ports from `base` on.
    public init(base: Int = PortPlan.defaultBase) { self.base = base }

    /// Where a stack starts when nothing else is said.
    public static let defaultBase = 18_400
    /// Cars that can stand at virtual readers at the same time.
    public static let cars = 4

    public var relay: Int { base + 1 }
    public var partnerAPI: Int { base + 2 }
    public var registryAPI: Int { base + 3 }
    public var sharingAPI: Int { base + 4 }
    public var revocationAPI: Int { base + 5 }
    public var notificationAPI: Int { base + 6 }
    public var carAPI: Int { base + 7 }
    public var deviceOEM: Int { base + 8 }
    public var broker: Int { base + 9 }

    /// The admin port of a service, with `/readyz` and `/metrics`.
    public func admin(of service: BackEndService) -> Int {
        base + 10 + (BackEndService.allCases.firstIndex(of: service) ?? 0)
    }

    /// The virtual reader at the door of car `car` (1...4).
    public func door(ofCar car: Int) -> Int { base + 20 + 2 * (car - 1) }
    /// The virtual reader at the dashboard of car `car` (1...4).
    public func dashboard(ofCar car: Int) -> Int { door(ofCar: car) + 1 }

    /// The radio of car `car` (1...4), where phones come near.
    public func radio(ofCar car: Int) -> Int { base + 28 + (car - 1) }

    /// All ports with the part that wants them, for the check before the start.
    var wanted: [(port: Int, part: String)] {
        [
            (relay, "identity-relay"), (partnerAPI, "the partner API"),
            (registryAPI, "key-registry"), (sharingAPI, "sharing-orchestrator"),
            (revocationAPI, "revocation"), (notificationAPI, "notification"),
            (carAPI, "vehicle-gateway"), (deviceOEM, "device-oem"), (broker, "the broker"),
        ] + BackEndService.allCases.map { (admin(of: $0), $0.rawValue) }
            + (1...Self.cars).flatMap {
                [
                    (door(ofCar: $0), "a virtual reader"),
                    (dashboard(ofCar: $0), "a virtual reader"), (radio(ofCar: $0), "a car's radio"),
                ]
            }
    }

    /// Throws for the first port that somebody else listens on.
    func checkFree() throws(StackError) {
        for (port, part) in wanted where !Self.isFree(port) {
            throw .portInUse(port: port, part: part)
        }
    }

    /// A base whose 40 ports are all free right now; `seed` spreads concurrent searches.
    public static func free(seed: Int) throws(StackError) -> PortPlan {
        for attempt in 0..<200 {
            let plan = PortPlan(base: 20_000 + (seed &* 31 &+ attempt &* 40) % 10_000 / 40 * 40)
            if (try? plan.checkFree()) != nil { return plan }
        }
        throw .portInUse(port: 20_000, part: "every candidate")
    }

    private static func isFree(_ port: Int) -> Bool {
        onLoopback(port) { descriptor, address, size in
            var reuse: Int32 = 1
            setsockopt(
                descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
            return bind(descriptor, address, size) == 0
        }
    }

    /// Whether somebody accepts connections on `port`.
    static func isListening(_ port: Int) -> Bool {
        onLoopback(port) { connect($0, $1, $2) == 0 }
    }

    private static func onLoopback(
        _ port: Int, _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

/// The six services, named as their executables are (`latchkey-<name>`).
public enum BackEndService: String, Codable, CaseIterable, Sendable {
    case identityRelay = "identity-relay"
    case keyRegistry = "key-registry"
    case sharingOrchestrator = "sharing-orchestrator"
    case revocation
    case notification
    case vehicleGateway = "vehicle-gateway"

    /// The schema and role of the service in PostgreSQL; the gateway is a car and has none.
    var schema: String? {
        self == .vehicleGateway ? nil : rawValue.replacing("-", with: "_")
    }

    /// The prefix of its environment variables, for example `LATCHKEY_KEY_REGISTRY_`.
    var prefix: String { "LATCHKEY_\(rawValue.replacing("-", with: "_").uppercased())_" }
}
