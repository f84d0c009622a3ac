@main
struct SharingOrchestratorMain {
    static func main() async throws {}
}
