import Foundation
import Glibc
import SojournJournal
import SojournModel
import SojournTestKit
import Testing

extension ProcessTests {
    @Suite struct DataDirectoryTests {
        private let folder: TemporaryDirectory
        private var path: String { "\(folder.path)/data" }

        init() throws { folder = try TemporaryDirectory() }

        private func open(_ deployment: DeploymentID = testDeployment) throws -> DataDirectory {
            try DataDirectory(path, of: DataOwner(deployment))
        }

        private func refusal(of path: String) -> String? {
            do throws(JournalError) {
                _ = try DataDirectory(path, of: DataOwner(testDeployment))
                return nil
            } catch {
                return "\(error)"
            }
        }

        @Test func `a directory is made for its owner alone, and says whose it is`() throws {
            let directory = try open()
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
            #expect(mode as? Int == 0o700)
            let text = try String(contentsOfFile: "\(path)/deployment", encoding: .utf8)
            #expect(
                text == """
                    sojourn data 1
                    deployment 00112233445566778899aabbccddeeff
                    partitions 0-0/1

                    """)
            let lock = try String(contentsOfFile: "\(path)/lock", encoding: .utf8)
            #expect(lock == "\(getpid())\n")
            var journal = try FileJournal(directory.storage, .small())
            try journal.append(groups: [1])
            try journal.close()
            let check = try JournalCheck(directory.storage, deployment: testDeployment)
            #expect(check.verdict == .whole && check.last.rawValue == 1)
        }

        @Test func `a directory in use is refused by the number of its process`() throws {
            let directory = try open()
            let failure = refusal(of: path)
            #expect(
                failure == "\(path) is in use by process \(getpid()): stop it first, "
                    + "or choose another directory with --data")
            let holder = try DataDirectory.holder(of: path)
            #expect(holder == getpid())
            close(directory)
            let nobody = try DataDirectory.holder(of: path)
            #expect(nobody == nil)
            _ = try open()
        }

        private func close(_: consuming DataDirectory) {}

        @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/flock")))
        func `the lock holds against another process, and its against us`() throws {
            let directory = try open()
            #expect(try run("/usr/bin/flock", ["-n", "\(path)/lock", "true"]) == 1)
            close(directory)
            #expect(try run("/usr/bin/flock", ["-n", "\(path)/lock", "true"]) == 0)

            let other = Process()
            other.executableURL = URL(filePath: "/usr/bin/flock")
            other.arguments = ["--no-fork", "\(path)/lock", "sleep", "60"]
            try other.start()
            // Until it has it.
            while try DataDirectory.holder(of: path) == nil { usleep(1_000) }
            #expect(refusal(of: path)?.contains("in use by process") == true)
            kill(other.processIdentifier, SIGKILL)
            other.waitUntilExit()
        }

        /// So does what a process leaves behind that is killed in the moment in which it forks.
        @Test func `a lock that is about to be let go of is waited for`() throws {
            let directory = try open()
            // The share of it that a forked process has.
            let lock = try FileHandle(forReadingFrom: URL(filePath: "\(path)/lock"))
            close(directory)
            #expect(flock(lock.fileDescriptor, LOCK_EX | LOCK_NB) == 0)
            Thread.detachNewThread {
                usleep(200_000)
                _ = try? lock.close()
            }
            let began = ContinuousClock.now
            close(try open())
            #expect(.now - began >= .milliseconds(100))
        }

        private func run(_ program: String, _ arguments: [String]) throws -> Int32 {
            let process = Process()
            process.executableURL = URL(filePath: program)
            process.arguments = arguments
            try process.start()
            process.waitUntilExit()
            return process.terminationStatus
        }

        @Test func `another deployment's directory is refused`() throws {
            close(try open())
            let other = DeploymentID(Bits128(high: 1, low: 2))
            #expect {
                _ = try open(other)
            } throws: {
                "\($0)".hasPrefix(
                    "\(path)/deployment belongs to deployment 00112233445566778899aabbccddeeff, "
                        + "and this is 00000000000000010000000000000002")
            }
        }

        @Test func `a directory keeps the partitions that it was made for`() throws {
            let half = try #require(PartitionRange("0-31/64"))
            close(try DataDirectory(path, of: DataOwner(testDeployment, half)))
            #expect(try DataDirectory.owner(of: path).partitions == half)
            #expect {
                _ = try DataDirectory(path, of: DataOwner(testDeployment))
            } throws: {
                "\($0)".contains("has the state of partitions 0-31/64")
                    && "\($0)".contains("start with --partitions 0-31/64")
            }
        }

        @Test(arguments: [
            ("sojourn data 2\nowner x\n", "was written by a newer version of sojourn (format 2)"),
            ("", "does not say which deployment"),
            ("sojourn data 1\n", "does not say which deployment"),
            ("sojourn data 1\ndeployment 12\n", "does not say which deployment"),
            (
                "sojourn data 1\ndeployment 00112233445566778899aabbccddeeff\npartitions 9-8/64\n",
                "and which partitions"
            ),
            ("a diary\n", "does not say which deployment"),
        ])
        func `a directory that says something else is refused`(text: String, reason: String) throws
        {
            close(try open())
            try Data(text.utf8).write(to: URL(filePath: "\(path)/deployment"))
            let failure = try #require(refusal(of: path))
            #expect(failure.contains(reason), "\(failure)")
        }

        @Test func `what is no directory is refused`() throws {
            try Data().write(to: URL(filePath: path))
            #expect(
                refusal(of: path) == "\(path) is not a directory: choose another one with --data")
            #expect(
                refusal(of: "\(path)/below")
                    == "\(path)/below is not a directory: choose another one with --data")
            let missing = try #require(refusal(of: "\(folder.path)/no/data"))
            #expect(missing.contains("make \(folder.path)/no/data: No such file or directory"))
        }

        @Test func `a read-only file system is named as such`() throws {
            guard let disk = SmallDisk(at: folder.path) else { return }
            defer { disk.end() }
            close(try open())
            try #require(disk.makeReadOnly())
            let failure = try #require(refusal(of: path))
            #expect(failure.contains("Read-only file system; the file system is read-only"))
            // To look at it is allowed.
            let storage = try FileStorage(directory: path)
            let check = try JournalCheck(storage, deployment: testDeployment)
            #expect(check.verdict == .whole)
        }

        @Test func `missing permission is named as such`() async throws {
            close(try open())
            // As a user who owns nothing, where this one may become that.
            guard getuid() == 0 else { return }
            unsafe chmod(folder.path, 0o755)
            await #expect(processExitsWith: .success) { [path = path as String] in
                guard setuid(65_534) == 0 else { return }
                do throws(JournalError) {
                    _ = try DataDirectory(path, of: DataOwner(testDeployment))
                    exit(2)
                } catch {
                    let text = "\(error)"
                    precondition(text.contains("Permission denied; give this user the right"))
                }
            }
        }
    }
}
