// SPDX-License-Identifier: Apache-2.0

import CLibFuzzer
import Foundation
import FuzzTargets

/// `latchkey-fuzz TARGET [libFuzzer's arguments]`: fuzzes one target; without arguments lists them.
@main
struct FuzzMain {
    nonisolated(unsafe) private static var target = FuzzTarget.all[0]

    static func main() {
        var arguments = CommandLine.arguments
        // libFuzzer starts this program again for some of its work, and knows only its own arguments.
        let variable = "LATCHKEY_FUZZ_TARGET"
        let inherited = ProcessInfo.processInfo.environment[variable]
        guard arguments.count > 1 || inherited != nil else {
            for target in FuzzTarget.all { print(target.name) }
            return
        }
        let name = inherited ?? arguments.remove(at: 1)
        guard let chosen = FuzzTarget.all.first(where: { $0.name == name }) else {
            fatalError("no target \(name)")
        }
        target = chosen
        setenv(variable, name, 1)
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        var count = Int32(pointers.count - 1)
        pointers.withUnsafeMutableBufferPointer { buffer in
            var list = buffer.baseAddress
            exit(
                LLVMFuzzerRunDriver(&count, &list) { data, size in
                    let bytes = Array(UnsafeBufferPointer(start: data, count: size))
                    do {
                        try FuzzMain.target.run(bytes)
                    } catch {
                        fatalError("\(FuzzMain.target.name): \(error)")
                    }
                    return 0
                })
        }
    }
}
