@main
struct IdentityRelayMain {
    static func main() async throws {}
}
