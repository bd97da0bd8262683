internal import COpenBLAS
internal import Glibc

/// What there is to say to the library as a whole.
package enum OpenBLAS {
    /// Every call computes on the calling thread; `Parallelism` splits the rows. Whole phases of a network then share
    /// one fork and join, where OpenBLAS' own threads would meet after each product (docs/decisions/0001).
    static let isSingleThreaded: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// The kernels that the library chose for this processor, for instance `Haswell` or `SkylakeX`.
    package static var coreName: String { String(cString: openblas_get_corename()) }
}
