@main
struct KeyRegistryMain {
    static func main() async throws {}
}
