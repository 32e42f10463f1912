package import Logging

/// Keeps the state file: restores it at the start, and saves what has changed, at most once a second and for at most a twentieth of the time.
///
/// Works on a thread of its own, because disks take their time.
package actor StateKeeper {
    private static let shortestPause = Duration.seconds(1)
    /// How many times as long as the last save the pause before the next one is.
    private static let pauseFactor = 20

    private let executor = ThreadExecutor(label: "state file")
    private let controlPlane: ControlPlane
    private let path: @Sendable () -> String?
    private let logger: Logger
    /// What operators see of the file.
    package nonisolated let monitor = StateFileMonitor()

    /// The file that was saved last, and the control plane's version that is in it.
    private var saved: (path: String, version: UInt64)?
    private var pause = StateKeeper.shortestPause

    /// The thread of its own.
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Makes a keeper; nothing happens before ``restore()`` and ``run()``.
    ///
    /// - Parameter path: where the file is; asked before each save. `nil`: nowhere.
    package init(controlPlane: ControlPlane, path: @escaping @Sendable () -> String?, logger: Logger) {
        self.controlPlane = controlPlane
        self.path = path
        self.logger = logger
    }

    /// Reads the file and has the control plane serve what it holds. A file that this version cannot read, and one that holds peers of other
    /// sources, is set aside, and said so; whatever happens, the server goes on.
    package func restore() async {
        guard let path = path() else { return }
        let file = StateFile(path: path)
        file.removeLeftovers()
        do throws(StateFileError) {
            guard let state = try file.read() else {
                logger.info("there is no state file yet", metadata: ["path": "\(path)"])
                return
            }
            let (isUsed, isUsedWhole) = await controlPlane.restore(state)
            if !isUsedWhole { setAside(file, as: .unused, isCopied: isUsed) }
            if isUsed { saved = (path, 0) }
        } catch {
            note(error, path, "the state file cannot be used, starting without")
            setAside(file, as: .damaged, isCopied: false)
        }
    }

    private func setAside(_ file: StateFile, as fate: StateFile.Fate, isCopied: Bool) {
        do throws(StateFileError) {
            let aside = try file.setAside(as: fate, isCopied: isCopied)
            logger.notice(
                isCopied ? "a copy of the state file was set aside" : "the state file was set aside",
                metadata: ["path": "\(file.path)", "now": "\(aside)"]
            )
        } catch {
            note(error, file.path, "the state file cannot be set aside, the next save replaces it")
        }
    }

    /// Saves what changes until the task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: pause)
            if !Task.isCancelled { await save() }
        }
    }

    /// Saves once more at a stop, if anything has changed, for so long at most: a disk that hangs must not hold up the end of the process.
    /// Returns at once when the task is cancelled.
    package nonisolated func save(within limit: Duration) async {
        let (end, ending) = AsyncStream.makeStream(of: Never.self)
        // Nobody can end it: a call that waits for a disk ends with the process.
        Task {
            await save()
            ending.finish()
        }
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in end {}
                return true
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return false
            }
            let hasEnded = await group.next() == true
            group.cancelAll()
            if !hasEnded || Task.isCancelled { logger.error("the state file was not saved in time, the last one stays") }
        }
    }

    /// Saves what has changed, if anything has.
    func save() async {
        guard let path = path(), let snapshot = await controlPlane.snapshot(), saved.map({ $0 != (path, snapshot.version) }) ?? true else { return }
        let began = ContinuousClock.now
        do {
            let bytes = try StateFile(path: path).write(snapshot)
            saved = (path, snapshot.version)
            monitor.update(path) { status in
                status.savedAt = snapshot.wallTime
                status.bytes = bytes
                status.saves += 1
                status.lastError = ""
            }
        } catch {
            note(error, path, "the state file cannot be saved")
        }
        pause = max(Self.shortestPause, began.duration(to: .now) * Self.pauseFactor)
    }

    /// Notes what went wrong; said in the log when it is news.
    private func note(_ error: StateFileError, _ path: String, _ message: Logger.Message) {
        if monitor.status?.lastError != error.description || monitor.status?.path != path {
            logger.error(message, metadata: ["path": "\(path)", "reason": "\(error)"])
        }
        monitor.update(path) { status in
            status.failures += 1
            status.lastError = error.description
        }
    }
}
