@main
struct NotificationMain {
    static func main() async throws {}
}
