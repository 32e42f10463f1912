import Foundation

/// Backups of what etcd has stored: copies of its files.
extension EtcdProcess {
    /// Stops etcd and copies what it has stored, in the place of an earlier copy.
    package func backUp() throws {
        stop()
        try? FileManager.default.removeItem(at: backup)
        try FileManager.default.copyItem(at: data, to: backup)
    }

    /// Ends etcd and puts the copy in the place of what it has stored; with ``start()`` it goes on from there.
    package func restoreBackup() throws {
        try wipe()
        try FileManager.default.copyItem(at: backup, to: data)
    }

    private var data: URL { directory.appendingPathComponent("data") }

    private var backup: URL { directory.appendingPathComponent("backup") }
}
