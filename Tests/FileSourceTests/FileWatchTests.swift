import Testing

@testable import FileSource

struct FileWatchTests {
    private var watch = FileWatch()

    private func file(_ change: Int64, size: Int64 = 10) -> FileWatch.Look {
        .file(FileStamp(device: 1, inode: 1, size: size, modified: change, changed: change))
    }

    @Test mutating func `a file is read when two looks agree`() {
        #expect(watch.decide(file(1)) == .wait)
        #expect(watch.decide(file(1)) == .read)
        #expect(watch.decide(file(1)) == .wait)
    }

    @Test mutating func `a file that is being written is read when it rests`() {
        for change in 1...3 as ClosedRange<Int64> { #expect(watch.decide(file(change)) == .wait) }
        #expect(watch.decide(file(3)) == .read)
    }

    @Test mutating func `a file that never rests is read at every fourth look`() {
        var readings: [Int64] = []
        for change in 1...20 as ClosedRange<Int64> where watch.decide(file(change)) == .read { readings.append(change) }
        #expect(readings == [4, 8, 12, 16, 20])
        #expect(watch.decide(file(20)) == .wait)
    }

    @Test mutating func `what cannot be used has to rest before it is said`() {
        for number in 1...20 { #expect(watch.decide(.unusable("\(number)")) == .wait) }
    }

    @Test(arguments: [
        FileStamp(device: 2, inode: 1, size: 10, modified: 5, changed: 5), FileStamp(device: 1, inode: 2, size: 10, modified: 5, changed: 5),
        FileStamp(device: 1, inode: 1, size: 11, modified: 5, changed: 5), FileStamp(device: 1, inode: 1, size: 10, modified: 6, changed: 5),
        FileStamp(device: 1, inode: 1, size: 10, modified: 5, changed: 6),
    ])
    mutating func `a change of any part of the stamp is a change`(stamp: FileStamp) {
        for _ in 1...3 { _ = watch.decide(file(5)) }
        #expect(watch.decide(.file(stamp)) == .wait)
        #expect(watch.decide(.file(stamp)) == .read)
    }

    @Test mutating func `a file is read once more two seconds later, and then no more`() {
        var readings: [Int] = []
        for look in 0..<200 where watch.decide(file(1)) == .read { readings.append(look) }
        #expect(readings == [1, 1 + FileWatch.looksUntilSecondReading])
    }

    @Test mutating func `a change before the second reading starts the wait again`() {
        var readings: [Int] = []
        for look in 0..<200 where watch.decide(file(look < 20 ? 1 : 2)) == .read { readings.append(look) }
        #expect(readings == [1, 21, 21 + FileWatch.looksUntilSecondReading])
    }

    @Test mutating func `a fault is said once for each reason, and the file is read when it is back`() {
        var steps: [FileWatch.Step] = []
        let looks: [FileWatch.Look] = [file(1), .unusable("gone"), .unusable("a directory"), file(1)]
        for look in looks { for _ in 1...3 { steps.append(watch.decide(look)) } }
        #expect(steps.filter { $0 != .wait } == [.read, .fault("gone"), .fault("a directory"), .read])
    }

    @Test mutating func `a file that changed while it was read is read at the next look`() {
        _ = watch.decide(file(1))
        #expect(watch.decide(file(1)) == .read)
        watch.readAgain()
        #expect(watch.decide(file(1)) == .read)
    }
}
