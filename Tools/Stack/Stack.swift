// SPDX-License-Identifier: Apache-2.0

public import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// The whole suite on one machine: a private PostgreSQL, the development broker, the development
/// PKI, card readers, the six services and the virtual device OEM, with all data in one folder.
///
/// `LATCHKEY_KAFKA` and `LATCHKEY_DATABASE` point it at existing servers instead of its own.
public actor Stack {
    /// Tells a person how it goes, one line at a time.
    public typealias Progress = @Sendable (String) -> Void

    public let folder: StateFolder
    public let ports: PortPlan
    private let environment: String
    let progress: Progress
    private let programs: URL
    private let driver: ReaderDriver
    let external: ExternalServers
    var children: [ChildProcess] = []
    var stopping = false
    private var lock: StateLock?
    var falls: [String: Fall] = [:]
    /// Services that do not know yet that the broker came back empty.
    private var untold: Set<BackEndService> = []

    /// A stack that is not started yet; its readers are our own where their driver was built.
    public init(
        folder: StateFolder, ports: PortPlan, environment: String = "development",
        readers: ReaderDriver? = nil,
        variables: [String: String] = ProcessInfo.processInfo.environment,
        progress: @escaping Progress
    ) {
        self.folder = folder
        self.ports = ports
        self.environment = environment
        self.progress = progress
        external = ExternalServers(variables)
        programs = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        driver =
            readers ?? (ReaderPart.ownDriver(in: programs) == nil ? .vpcd : .latchkey)
    }

    /// Starts everything and returns when every part is ready; stops what it started on failure and
    /// on cancellation.
    public func start() async throws {
        lock = try StateLock(folder)
        await ProcessTable.endLeftovers(of: folder.url.path)
        try external.check()
        try ports.checkFree()
        clearSockets()
        try folder.create()
        do {
            try DevelopmentAutomaker(folder: folder.automaker, environment: environment).create(
                progress: progress)
            try await startReaders()
            try await startBackEnd()
            try await startService(.vehicleGateway)
            try await startDeviceOEM()
            try save()
        } catch {
            // In a task of its own: parts are given their time also when this one was cancelled.
            await Task { await stop() }.value
            throw error
        }
    }

    /// Stops everything, services first; only the state folder stays.
    public func stop() async {
        stopping = true
        for child in children.reversed() {
            // The PC/SC daemon hears of SIGTERM only when its next client comes; it keeps nothing.
            await child.stop(signal: child.name == "pcscd" ? SIGKILL : SIGTERM)
        }
        children = []
        try? FileManager.default.removeItem(at: folder.record)
        clearSockets()
        lock = nil
    }

    /// Sockets and drivers are made at each start. What a stack that was killed has left there may
    /// name processes that are others' now.
    private func clearSockets() { try? FileManager.default.removeItem(at: folder.sockets) }

    /// Stops broker, database and all services but the car's: taps must go on working (F3).
    public func stopBackEnd() async throws {
        let staying = ["pcscd", "device-oem", BackEndService.vehicleGateway.rawValue]
        for child in children.reversed() where !staying.contains(child.name) { await child.stop() }
        children.removeAll { !staying.contains($0.name) }
        try save()
    }

    /// Stops the broker alone: from now on no word reaches a car.
    public func stopBroker() async throws {
        for child in children where child.name == "broker" { await child.stop() }
        children.removeAll { $0.name == "broker" }
        try save()
    }

    /// Starts what is stopped again; the broker's content comes back from the outboxes.
    public func resumeBackEnd() async throws {
        try await startBackEnd()
        try save()
    }

    // MARK: - The parts

    func startReaders() async throws {
        if driver == .vpcd { progress("the virtual readers look for phones every 0.4 s (vpcd)") }
        let command = try readers.prepare()
        defer { command.standardInput.map { _ = Glibc.close($0) } }
        try start("pcscd", command)
        // The daemon has opened its readers when somebody listens on the last of their ports.
        try await waitUntilReady("pcscd") { [port = ports.dashboard(ofCar: PortPlan.cars)] in
            PortPlan.isListening(port)
        }
    }

    private var readers: ReaderPart {
        ReaderPart(folder: folder, ports: ports, driver: driver, programs: programs)
    }

    private func startBackEnd() async throws {
        if !isRunning("postgres") { try await startDatabase() }
        if !isRunning("broker") { try await startBroker() }
        let stopped = BackEndService.allCases.filter {
            $0 != .vehicleGateway && !isRunning($0.rawValue)
        }
        for service in stopped { try launch(service) }
        for service in stopped {
            try await waitUntilReady(service.rawValue, url: readiness(of: service))
            await tellOfBroker()
        }
        if !stopped.isEmpty { progress("\(stopped.count) back-end services are ready") }
    }

    func startDatabase() async throws {
        if let database = external.database {
            let psql = "\(try PostgresPart.findPrograms())/psql"
            do {
                try PostgresPart.createSchemas(psql: psql, url: database, roles: false)
            } catch StackError.commandFailed(_, let output) {
                throw StackError.setting("LATCHKEY_DATABASE", output)
            }
            return
        }
        let part = try PostgresPart(folder: folder)
        if try part.prepare() { progress("made a PostgreSQL cluster") }
        try start("postgres", part.command)
        try await waitUntilReady("postgres", seconds: 20) { part.isReady }
        try part.createSchemas()
        progress("PostgreSQL is ready")
    }

    func startBroker() async throws {
        guard external.kafka == nil else {
            if external.brokerIsAway {
                progress("nobody listens at LATCHKEY_KAFKA: events wait until a broker does")
            }
            return
        }
        let topics = DevelopmentTopics(environment: environment).arguments
        try start(
            "broker",
            .init(
                program: program("latchkey-development-broker"),
                arguments: [
                    "--port", "\(ports.broker)", "--parent-pid",
                    "\(ProcessInfo.processInfo.processIdentifier)",
                ] + topics))
        try await waitUntilReady("broker") { [port = ports.broker] in
            PortPlan.isListening(port)
        }
        progress("the development broker is ready (it keeps nothing; the outboxes do)")
        untold = Set(BackEndService.allCases)
        await tellOfBroker()
    }

    func startDeviceOEM() async throws {
        try RelayList.write(
            url: "https://127.0.0.1:\(ports.relay)",
            root: folder.automaker.appending(path: "tls-root.pem"), to: folder.deviceOEM)
        try start(
            "device-oem",
            .init(
                program: program("latchkey"),
                arguments: [
                    "device-oem", "serve", "--state", folder.url.path, "--address",
                    "127.0.0.1:\(ports.deviceOEM)",
                ]))
        try await waitUntilReady("device-oem") { [port = ports.deviceOEM] in
            PortPlan.isListening(port)
        }
        progress("the virtual device OEM is ready")
    }

    func startService(_ service: BackEndService) async throws {
        try launch(service)
        try await waitUntilReady(service.rawValue, url: readiness(of: service))
        await tellOfBroker()
        progress("\(service.rawValue) is ready")
    }

    private func launch(_ service: BackEndService) throws {
        let database = external.database
        let postgres = database == nil ? try PostgresPart(folder: folder) : nil
        let settings = ServiceEnvironment(
            folder: folder, ports: ports, environment: environment,
            vehicleOemId: DevelopmentAutomaker.vehicleOemId,
            kafka: external.kafka ?? "127.0.0.1:\(ports.broker)",
            database: { role in database ?? postgres?.url(role: role) ?? "" },
            readerSocket: readers.socket.path, readerProfile: driver.profile)
        try start(
            service.rawValue,
            .init(
                program: program("latchkey-\(service.rawValue)"),
                environment: settings.variables(of: service)))
    }

    // MARK: - Processes

    private func start(_ name: String, _ command: ChildProcess.Command) throws {
        guard FileManager.default.isExecutableFile(atPath: command.program) else {
            throw StackError.notBuilt(program: command.program)
        }
        try Task.checkCancellation()
        var command = command
        command.environment[ProcessTable.mark] = folder.url.path
        children.append(try ChildProcess(name, command, log: folder.log(of: name)))
    }

    func isRunning(_ name: String) -> Bool {
        children.contains { $0.name == name && $0.isRunning }
    }

    private func program(_ name: String) -> String { programs.appending(path: name).path }

    private func readiness(of service: BackEndService) -> String {
        "http://127.0.0.1:\(ports.admin(of: service))/readyz"
    }

    private func waitUntilReady(_ name: String, url: String) async throws {
        try await waitUntilReady(name) { await Health.isReady(url) }
    }

    private func waitUntilReady(
        _ name: String, seconds: Int = 10, _ isReady: @Sendable () async -> Bool
    ) async throws {
        let log = folder.log(of: name)
        let child = children.last { $0.name == name }
        for _ in 0..<(seconds * 20) {
            if await isReady() { return }
            guard child?.isRunning ?? true else {
                throw StackError.ended(
                    part: name, lastWords: Complaint.last(in: log), log: log.path)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw StackError.notReady(part: name, seconds: seconds, log: log.path)
    }

    /// Tells the services that do not know yet that the broker came back empty, best before they have
    /// read anything; who is not ready to listen is told next time.
    func tellOfBroker() async {
        await withTaskGroup(of: BackEndService?.self) { group in
            for service in untold where isRunning(service.rawValue) {
                let url = "http://127.0.0.1:\(ports.admin(of: service))/broker/replaced"
                let readiness = readiness(of: service)
                group.addTask {
                    guard await Health.isReady(readiness) else { return nil }
                    return await Health.post(url) ? service : nil
                }
            }
            for await told in group { told.map { _ = untold.remove($0) } }
        }
    }

    func save() throws {
        let parts = children.map {
            StackRecord.Part(name: $0.name, pid: $0.pid, log: $0.log.path)
        }
        try StackRecord(
            pid: ProcessInfo.processInfo.processIdentifier, ports: ports, environment: environment,
            parts: parts, readerSocket: readers.socket.path
        ).save(folder)
    }
}
