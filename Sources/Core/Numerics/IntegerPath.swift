internal import CKernels
internal import Glibc

/// With which instructions products of 8-bit integers are computed. Every path gives the same sums, to the last bit.
package enum IntegerPath: Int, Sendable, CaseIterable {
    case plain, avx2, avxVNNI, avx512VNNI

    /// As `FSAC_ISA` calls it.
    package var name: String {
        switch self {
        case .plain: "plain"
        case .avx2: "avx2"
        case .avxVNNI: "avx-vnni"
        case .avx512VNNI: "avx512-vnni"
        }
    }

    /// Whether this processor has the instructions.
    package var isAvailable: Bool { fsac_has_path(kernel) }

    /// The fastest that this processor has. `FSAC_ISA` in the environment limits the choice, so that one machine can show all; a
    /// name in it that is none ends the program.
    package static let best: IntegerPath = {
        var most = IntegerPath.avx512VNNI
        if let name = getenv("FSAC_ISA").map({ String(cString: $0) }) {
            guard let asked = allCases.first(where: { $0.name == name }) else {
                fatalError("FSAC_ISA: expected \(allCases.map(\.name).joined(separator: ", ")), got \(name)")
            }
            most = asked
        }
        return best(upTo: most)
    }()

    /// The fastest that this processor has, of `most` and those before it.
    package static func best(upTo most: IntegerPath) -> IntegerPath {
        allCases.last { $0.isAvailable && $0.rawValue <= most.rawValue } ?? .plain
    }

    var kernel: fsac_path {
        switch self {
        case .plain: FSAC_PLAIN
        case .avx2: FSAC_AVX2
        case .avxVNNI: FSAC_AVX_VNNI
        case .avx512VNNI: FSAC_AVX512_VNNI
        }
    }
}
