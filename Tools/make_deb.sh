#!/usr/bin/env bash
# Packs what `make build`, `make man` and `make weights` left into two Debian packages, fsac and fsac-gateway: what `make deb` runs.
#
#   DEB_VERSION   the package's version (default: that of the program)
#   DEB_WEIGHTS   names of the networks to pack (default: all that are in models/)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

fail() {
    echo "deb: $*" >&2
    exit 1
}

bin=.build/release
models=${FSAC_MODELS:-models}
version=${DEB_VERSION:-$(sed -n 's/.*text = "\(.*\)"/\1/p' Sources/ControlProtocol/Version.swift)}
stage=.build/deb/fsac-$version
payload=$stage/payload
# Of fsac-gateway, which uses the Swift runtime of fsac.
gateway=$stage/gateway

# The libraries of the Swift runtime that PROGRAM... need, one path a line.
runtime_libraries() {
    ldd "$@" | awk '$3 ~ /\/swift\/linux\// { print $3 }' | sort -u
}

stage_programs() {
    local library
    install -Dm755 -t "$payload/usr/bin" $bin/fsacd $bin/fsacctl
    install -Dm755 -t "$gateway/usr/bin" $bin/fsac-gateway
    mapfile -t libraries < <(runtime_libraries $bin/fsacd $bin/fsacctl $bin/fsac-gateway)
    [ ${#libraries[@]} -gt 0 ] || fail "no Swift runtime found: is it linked statically?"
    install -Dm644 -t "$payload/usr/lib/fsac" "${libraries[@]}"
    # The build's search path names the toolchain of this machine.
    patchelf --set-rpath /usr/lib/fsac "$payload"/usr/bin/* "$gateway"/usr/bin/*
    for library in "$payload"/usr/lib/fsac/*; do patchelf --set-rpath /usr/lib/fsac "$library"; done
}

stage_models() {
    local name names=()
    if [ -n "${DEB_WEIGHTS-}" ]; then
        read -ra names <<<"$DEB_WEIGHTS"
    else
        mapfile -t names < <(find "$models" -name '*.safetensors' -printf '%f\n' 2>/dev/null | sed 's/\.safetensors$//')
    fi
    for name in "${names[@]}"; do
        install -Dm644 -t "$payload/usr/share/fsac/models" "$models/$name.safetensors" "$models/$name.json"
        # The vocabulary of a CLIP.
        [ ! -f "$models/$name.merges.txt" ] ||
            install -Dm644 -t "$payload/usr/share/fsac/models" "$models/$name.merges.txt"
    done
    echo "deb: weights: ${names[*]:-none}"
}

stage_documents() {
    install -Dm644 packaging/config.toml "$payload/etc/fsac/config.toml"
    install -Dm644 -t "$payload/usr/share/doc/fsac/examples" config.toml.example
    install -Dm644 -t "$payload/usr/share/doc/fsac" README.md ARCHITECTURE.md
    install -Dm644 -t "$payload/usr/share/doc/fsac/docs" docs/*.md
    install -Dm644 -t "$payload/usr/share/doc/fsac/plant/prometheus" packaging/plant/prometheus/*
    install -Dm644 -t "$payload/usr/share/doc/fsac/plant/mosquitto" packaging/plant/mosquitto/*
    install -Dm644 -t "$payload/usr/share/man/man1" .build/man/*.1
    install -Dm644 -t "$payload/usr/share/man/man8" .build/man/fsacd.8
    install -Dm644 -t "$gateway/usr/share/man/man8" .build/man/fsac-gateway.8
    install -Dm644 packaging/gateway.toml "$gateway/etc/fsac/gateway.toml"
    install -Dm644 .build/completions/fsacctl.bash "$payload/usr/share/bash-completion/completions/fsacctl"
    install -Dm644 -t "$payload/usr/share/zsh/vendor-completions" .build/completions/_fsacctl
    install -Dm644 -t "$payload/usr/share/fish/vendor_completions.d" .build/completions/fsacctl.fish
}

# debian/ as debhelper expects it: the units lie in systemd/, the changes in CHANGELOG.md.
stage_packaging() {
    cp -r packaging/debian "$stage/debian"
    cp systemd/fsacd.service "$stage/debian/fsac.fsacd.service"
    # Beside the service and not debhelper's own: it is started with the daemon, and not at the installation.
    install -Dm644 -t "$payload/lib/systemd/system" systemd/fsacd-page.socket systemd/fsacd-actions.socket
    cp systemd/fsac-gateway.service systemd/fsac-gateway.sysusers "$stage/debian/"
    install -Dm644 -t "$gateway/lib/systemd/system" systemd/fsac-gateway-modbus.socket
    cp systemd/fsac.sysusers "$stage/debian/fsac.sysusers"
    cp systemd/fsac.tmpfiles "$stage/debian/fsac.tmpfiles"
    local maintainer
    maintainer=$(sed -n 's/^Maintainer: //p' packaging/debian/control)
    printf 'fsac (%s) stable; urgency=medium\n\n  * See CHANGELOG.md of the sources.\n\n -- %s  %s\n' \
        "$version" "$maintainer" "$(git log -1 --format=%aD)" >"$stage/debian/changelog"
}

# What the unit's MemoryDenyWriteExecute and the private runtime rely on.
check_programs() {
    local file
    for file in "$payload"/usr/bin/* "$gateway"/usr/bin/* "$payload"/usr/lib/fsac/*; do
        readelf -lW "$file" | grep -q 'GNU_STACK.*RWE' && fail "$file wants an executable stack"
        readelf -dW "$file" | grep -q TEXTREL && fail "$file has text relocations"
        readelf -dW "$file" | grep -q 'RUNPATH.*/swift' && fail "$file looks for libraries in the toolchain"
    done
    return 0
}

rm -rf "$stage"
mkdir -p "$payload" "$gateway"
stage_programs
stage_models
stage_documents
stage_packaging
check_programs
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
(cd "$stage" && dpkg-buildpackage --build=binary --no-sign) >"$stage.log" 2>&1 || {
    tail -n 40 "$stage.log" >&2
    fail "dpkg-buildpackage failed: $stage.log"
}
for name in fsac fsac-gateway; do
    package=$(find .build/deb -maxdepth 1 -name "${name}_${version}_*.deb")
    lintian --allow-root --fail-on error,warning --tag-display-limit 0 --suppress-tags bad-distribution-in-changes-file "$package" || fail "lintian complains"
    ln -sfn "$(basename "$package")" ".build/deb/$name.deb"
    echo "deb: $package, $(du -h "$package" | cut -f1)"
done
