import CFiles

/// The C library's heap, of which all memory of this process but its programs' own comes.
package enum Heap {
    /// Few arenas: each keeps what its threads took at their most, and that of a fit is hundreds of megabytes. To be called before
    /// there are threads.
    package static func keepFewArenas() { fsac_limit_arenas(2) }

    /// Gives back to the system what is free, wherever it lies. After a fit, which needs several times what a model does. Takes some
    /// milliseconds, in which others who want memory wait.
    package static func giveBack() { fsac_trim_heap() }
}
