@main
struct RevocationMain {
    static func main() async throws {}
}
