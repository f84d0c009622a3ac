@main
struct VehicleGatewayMain {
    static func main() async throws {}
}
