import CFiles

/// What a folder is on.
package enum FileSystem {
    /// Whether a path is on another computer, whose writers the system here does not see; false for one that is not there.
    package static func isRemote(_ path: String) -> Bool { remote.contains(fsac_file_system(path)) }

    /// Of statfs(2): NFS, SMB, CIFS, SMB2, FUSE (sshfs and the like), 9P, AFS twice, Ceph.
    private static let remote: Set<Int64> = [
        0x6969, 0x517B, 0xFF53_4D42, 0xFE53_4D42, 0x6573_5546, 0x0102_1997, 0x6B41_4653, 0x5346_414F, 0x00C3_6400,
    ]
}
