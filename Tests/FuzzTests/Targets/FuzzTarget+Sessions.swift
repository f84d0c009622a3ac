// SPDX-License-Identifier: Apache-2.0

extension FuzzTarget {
    static let sessions = [
        FuzzTarget("phone") { bytes in
            var phone = ScriptedReader(bytes)
            try phone.run()
        },
        FuzzTarget("car-wire", CarScript.badWire),
        FuzzTarget("car-phone", CarScript.badPhone),
    ]
}
