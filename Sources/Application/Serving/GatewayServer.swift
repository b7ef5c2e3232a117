import Admin
import Configuration
import Dispatch
import HTTP2
import HTTPServer
import JWT
import Locking
import Logging
import OAuthWeb
import Observability
import SQLiteStore
import TLS
import Transport

/// The running gateway: configuration to listeners, reload, drain.
///
/// How it works: everything here happens on one control queue; the loops get what has changed by `executeOnEach`. A
/// reload reads, checks and binds all that is new before the first loop hears of it, so a bad configuration changes
/// nothing.
///
/// SAFETY: `@unchecked Sendable`, since the state is used on `queue` only, after `start` has returned.
package final class GatewayServer: @unchecked Sendable {
    let queue = DispatchQueue(label: "gatehouse.control")
    let file: ConfigurationFile
    let logger = Logger(label: "gatehouse")
    let registry: MetricsRegistry
    let diagnostics: DiagnosticLog
    let health = ServerHealth()

    private(set) var snapshot: ServerSnapshot
    var ownKeys: SigningKeys?
    private(set) var loadedAt: Int64
    private(set) var failedReloadErrors: Int?
    private(set) var warningCount = 0
    /// When each server that is marked down was first seen so.
    var downSince: [String: Int64] = [:]
    let storage: Storage
    /// The authorization server's parts; nil where the gateway only enforces.
    let authorization: AuthorizationServices?
    let history: TrafficHistory
    let startedAt: Int64
    var revocations: RevocationList
    /// Up to where the revocations in the storage were read.
    var revocationPosition: Int64
    /// What has changed in the storage and was not read yet.
    var unreadChanges: StorageChanges = []
    var timers: [any DispatchSourceTimer] = []
    var nextKeyStep: Int64 = 0
    var nextPrune: Int64 = 0
    let census: ConnectionCensus
    var memory = MemoryKeeper()

    private let group: EventLoopGroup
    private let contexts: [LoopBound<LoopContext>]
    private let servers: [LoopBound<ServerLoop>]
    private let writer: LogWriter
    private let ticketKeys: TicketKeyRing
    private var bindings: ListenerBindings
    private var adminListener: AdminListener?
    private var watcher: FileWatcher?

    /// Reads the configuration, opens the storage and binds every address; nothing is accepted yet.
    ///
    /// - Throws: `ApplicationError` with the reason, for the person who starts it.
    package init(file: ConfigurationFile, diagnostics: DiagnosticLog) throws(ApplicationError) {
        self.file = file
        self.diagnostics = diagnostics
        var warnings: [ConfigurationFault] = []
        let configuration = try file.load { warnings = $0 }
        warningCount = warnings.count
        let now = SystemClock.unixTime()
        diagnostics.minimumLevel = Logger.Level(configuration.logging.level)
        ticketKeys = TicketKeyRing()
        snapshot = try ServerSnapshot(configuration, path: file.path, ticketKeys: ticketKeys, now: now)
        storage = try Storage(configuration)
        startedAt = now
        loadedAt = now
        let stored = try Self.readStorage(storage, now: now)
        (ownKeys, nextKeyStep) = (stored.keys, stored.nextKeyStep)
        revocations = RevocationList(stored.revocations.revocations)
        revocationPosition = stored.revocations.position
        let count = configuration.workers ?? SystemClock.processorCount
        registry = MetricsRegistry(shards: count)
        history = TrafficHistory(registry: registry, unixTime: now)
        census = ConnectionCensus(
            limit: configuration.limits.connections,
            limitPerAddress: configuration.limits.connectionsPerAddress,
            loops: count
        )
        bindings = ListenerBindings(loopCount: count)
        bindings.take(try bindings.bindings(for: snapshot))
        do {
            // One channel for each loop, one for this queue and one for the audit log.
            writer = try LogWriter(.standardOutput, channels: count + 2)
            group = try EventLoopGroup(count: count)
        } catch {
            throw .setup("the server can't start: \(error)")
        }
        Self.log(warnings, with: logger)
        authorization = try AuthorizationServices(
            snapshot,
            storage,
            ownKeys,
            revocations,
            registry: registry,
            standardOutput: writer.channel(count + 1)
        )
        let parts = Self.parts(snapshot, ownKeys, revocations, authorization)
        (contexts, servers) = Self.makeContexts(group, parts, census: census, registry: registry, writer: writer)
    }

    /// Begins to accept; returns a line for each listener.
    ///
    /// - Throws: `ApplicationError.setup` when the admin address can't be had, or the HTTP/2 library does not work.
    package func start() throws(ApplicationError) -> [String] {
        guard HTTP2Rehearsal.run() else { throw .setup("libnghttp2 does not carry a request from end to end") }
        if let settings = snapshot.configuration.admin {
            adminListener = try AdminListener(settings, server: self, loop: group.loops[0])
        }
        listenEverywhere()
        registerGauges()
        watchFiles()
        startTimers()
        health.isAccepting = true
        if let adminListener { logger.info("the admin pages are on http://\(adminListener.address)") }
        return bindings.current.map(ListenerBindings.announcement)
    }

    /// Where the admin pages are; nil where there are none.
    package var adminAddress: String? { adminListener.map { "http://\($0.address)" } }

    private func listenEverywhere() {
        let current = bindings.current
        let servers = servers
        let done = DispatchSemaphore(value: 0)
        forEachContext {
            $0.share(with: servers)
            $0.listen(current)
        } completion: {
            done.signal()
        }
        done.wait()
    }

    /// Runs the work with each loop's context on its loop, and `completion` when all have done it.
    func forEachContext(
        _ work: @escaping @Sendable (LoopContext) -> Void,
        completion: @escaping @Sendable () -> Void = {}
    ) {
        let contexts = contexts
        group.executeOnEach({ loop in work(contexts[loop.index].value) }, completion: completion)
    }

    private static func makeContexts(
        _ group: EventLoopGroup,
        _ parts: LoopParts,
        census: ConnectionCensus,
        registry: MetricsRegistry,
        writer: LogWriter
    ) -> ([LoopBound<LoopContext>], [LoopBound<ServerLoop>]) {
        let made = Locked<[Int: (LoopBound<LoopContext>, LoopBound<ServerLoop>)]>([:])
        let done = DispatchSemaphore(value: 0)
        group.executeOnEach { loop in
            let context = LoopContext(loop: loop, parts, census: census, registry: registry, writer: writer)
            let bound = (LoopBound(context, on: loop), LoopBound(context.server, on: loop))
            made.withLock { $0[loop.index] = bound }
        } completion: {
            done.signal()
        }
        done.wait()
        let all = made.withLock { made in group.loops.compactMap { made[$0.index] } }
        return (all.map(\.0), all.map(\.1))
    }

    private static func parts(
        _ snapshot: ServerSnapshot,
        _ ownKeys: SigningKeys?,
        _ revocations: RevocationList,
        _ authorization: AuthorizationServices?
    ) -> LoopParts {
        LoopParts(
            snapshot: snapshot,
            verifier: snapshot.verifier(ownKeys),
            revocations: revocations,
            documents: MetadataDocuments(snapshot, ownKeys, authorization?.metadata(for: snapshot)),
            site: authorization?.site(for: snapshot)
        )
    }

    private static func readStorage(
        _ storage: Storage,
        now: Int64
    ) throws(ApplicationError) -> (keys: SigningKeys?, revocations: RevocationChanges, nextKeyStep: Int64) {
        do throws(StoreError) {
            let revocations = try storage.revocations.changes(after: nil, at: now)
            guard let ring = storage.keyRing else { return (nil, revocations, .max) }
            let maintenance = try ring.maintain(at: now)
            return (try ring.load(), revocations, maintenance.nextStepAt ?? .max)
        } catch {
            throw .storage("the storage can't be used: \(error.description)")
        }
    }
}

// MARK: Reload

extension GatewayServer {
    /// Reads the configuration and all its files again; keeps the old one if anything is wrong with the new.
    package func reload() {
        queue.async { [self] in
            do throws(ApplicationError) {
                var warnings: [ConfigurationFault] = []
                try takeOver(try file.load { warnings = $0 })
                warningCount = warnings.count
                Self.log(warnings, with: logger)
                failedReloadErrors = nil
                logger.info("the configuration was loaded again")
            } catch {
                failedReloadErrors = error.faultCount
                logger.error("the configuration was not loaded and the old one stays: \(error.description)")
            }
            watcher?.watch(watchedFiles)
        }
    }

    private func takeOver(_ configuration: GatewayConfiguration) throws(ApplicationError) {
        let old = snapshot.configuration
        guard configuration.storage == old.storage,
            (configuration.authorizationServer == nil) == (old.authorizationServer == nil),
            configuration.workers == old.workers, configuration.admin == old.admin
        else {
            throw .setup(
                "storage, workers, admin and whether there is an authorization_server change by a restart only"
            )
        }
        let now = SystemClock.unixTime()
        let fresh = try ServerSnapshot(configuration, path: file.path, ticketKeys: ticketKeys, now: now)
        try authorization?.check(fresh)
        let bound: [ListenerBinding]
        do throws(ApplicationError) {
            bound = try bindings.bindings(for: fresh)
        } catch {
            try? authorization?.check(snapshot)
            throw error
        }
        snapshot = fresh
        loadedAt = now
        memory.configurationWasReplaced(now: now)
        let changed = bindings.changed(among: bound)
        bindings.take(bound)
        diagnostics.minimumLevel = Logger.Level(configuration.logging.level)
        census.setLimits(configuration.limits.connections, perAddress: configuration.limits.connectionsPerAddress)
        authorization?.takeOver(fresh)
        apply(Self.parts(fresh, ownKeys, revocations, authorization), listeningOn: bound)
        authorization?.endRemovedClients()
        for binding in changed { announce(binding) }
        registerGauges()
    }

    /// Returns when every loop goes by the new parts.
    private func apply(_ parts: LoopParts, listeningOn bound: [ListenerBinding]) {
        let done = DispatchSemaphore(value: 0)
        forEachContext {
            $0.apply(parts)
            $0.listen(bound)
        } completion: {
            done.signal()
        }
        done.wait()
    }

    /// Says on standard output, through the log's writer, that a listener has come with a reload.
    private func announce(_ binding: ListenerBinding) {
        var line = ListenerBindings.announcement(binding) + "\n"
        line.withUTF8 { writer.channel(contexts.count).write(UnsafeRawBufferPointer($0)) }
    }

    private static func log(_ warnings: [ConfigurationFault], with logger: Logger) {
        for warning in warnings { logger.warning("\(warning.description)") }
    }

    private func watchFiles() {
        do {
            let watcher = try FileWatcher(queue: queue) { [weak self] in self?.reload() }
            queue.sync { watcher.watch(watchedFiles) }
            self.watcher = watcher
        } catch {
            logger.warning("changed files are not noticed, send SIGHUP instead: \(error.description)")
        }
    }

    private var watchedFiles: [String] {
        let configuration = snapshot.configuration
        let certificates =
            configuration.listeners.flatMap { $0.tls?.certificates ?? [] }
            + configuration.upstreams.compactMap(\.tls.clientCertificate)
        return [file.path] + certificates.flatMap { [$0.certificateFile, $0.privateKeyFile] }
            + configuration.trustedIssuers.map(\.keysFile)
            + configuration.upstreams.compactMap(\.tls.authorityFile)
            + (configuration.authorizationServer?.pages.templateFolder.map { PageFolder(path: $0).files } ?? [])
    }
}

// MARK: Shutdown

extension GatewayServer {
    /// Stops accepting, finishes what is in hand up to `shutdown_timeout`, and calls the completion.
    package func shutdown(completion: @escaping @Sendable () -> Void) {
        queue.async { [self] in
            guard health.beginDraining() else { return }
            let configuration = snapshot.configuration
            let delay = Double(configuration.shutdownDelay.wholeNanoseconds) / 1e9
            queue.asyncAfter(deadline: .now() + delay) { [self] in drain(completion: completion) }
        }
    }

    private func drain(completion: @escaping @Sendable () -> Void) {
        watcher?.cancel()
        let once = Once { [self] in
            for timer in timers { timer.cancel() }
            authorization?.audit.close()
            writer.close()
            completion()
        }
        let limit = Double(snapshot.configuration.shutdownTimeout.wholeNanoseconds) / 1e9
        queue.asyncAfter(deadline: .now() + limit) { [self] in
            logger.warning("requests were cut off: they took longer than shutdown_timeout")
            forEachContext {
                $0.abortAll()
            } completion: { [self] in
                queue.async { once.run() }
            }
        }
        let remaining = Countdown(contexts.count)
        // In two steps: whatever one loop has handed to another is there before that one looks for what it has left.
        forEachContext {
            $0.stopListening()
        } completion: { [self] in
            forEachContext { [self] context in
                context.drain { [self] in
                    if remaining.finishOne() { queue.async { once.run() } }
                }
            }
        }
    }

    private func registerGauges() {
        registry.gauge("gatehouse_connections", help: "Open client connections.") { [census] in
            Double(census.openCount)
        }
        registry.gauge("gatehouse_connections_refused", help: "Connections refused because there were too many.") {
            [census] in Double(census.refused)
        }
        registry.gauge("gatehouse_log_lines_dropped", help: "Access log lines that found no room.") { [writer] in
            Double(writer.droppedLines)
        }
        if let audit = authorization?.audit {
            registry.gauge("gatehouse_audit_lines_lost", help: "Audit log lines that could not be written.") {
                Double(audit.lostLines)
            }
        }
        let loadedAt = Double(loadedAt)
        registry.gauge("gatehouse_configuration_loaded_timestamp_seconds", help: "When the configuration was loaded.") {
            loadedAt
        }
    }
}

extension ApplicationError {
    /// How many things are wrong.
    fileprivate var faultCount: Int {
        if case .invalidConfiguration(let problem) = self { return problem.faults.count }
        return 1
    }
}

extension Logger.Level {
    fileprivate init(_ level: Configuration.LogLevel) {
        self = Logger.Level(rawValue: level.rawValue) ?? .info
    }
}
