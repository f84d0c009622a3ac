// SPDX-License-Identifier: Apache-2.0

extension FuzzTarget {
    static let sessions = [
        FuzzTarget("phone") { bytes in
            var phone = ScriptedReader(bytes)
            try phone.run()
        },
        FuzzTarget("car-wire", CarScript.badWire),
        FuzzTarget("car-phone", CarScript.badPhone),
        FuzzTarget("radio") { bytes in
            var radio = RadioScript(bytes)
            try radio.run()
        },
        FuzzTarget("sharing") { bytes in
            var sharing = ShareScript(bytes)
            try sharing.run()
        },
    ]
}
