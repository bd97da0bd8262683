#!/usr/bin/env bash
# Installs what a build needs, and the Debian packages that are named besides, as far as they are not there yet: what
# `make setup` runs. Quick and silent when nothing is missing.
set -euo pipefail

# The C libraries, and Python with pip to fetch weights and pictures.
packages=(
    ca-certificates git libcurl4-openssl-dev libjpeg-dev libmosquitto-dev libopenblas-dev libpng-dev libssl-dev libsystemd-dev libtiff-dev
    libsqlite3-dev libv4l-dev openssl pkg-config python3 python3-pip python3-venv zlib1g-dev "$@")

fail() {
    echo "setup: $*" >&2
    exit 1
}

check_swift() {
    command -v swift >/dev/null || fail "no swift on PATH: install a Swift toolchain, 6.2 or newer, with its Linux needs"
    local version major minor
    version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p')
    major=${version%.*}
    minor=${version#*.}
    ((major > 6 || (major == 6 && minor >= 2))) || fail "swift: expected 6.2 or newer, got ${version:-an unknown version}"
}

missing_packages() {
    local package
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

install_packages() {
    local root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || fail "missing packages: $*: install them as root"
        root=(sudo)
    fi
    echo "setup: installing $*"
    local apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0)
    "${apt[@]}" update || fail "the package lists cannot be read: is there a network?"
    "${apt[@]}" install --yes --no-install-recommends "$@" </dev/null || fail "apt-get could not install $*"
}

if command -v dpkg-query >/dev/null; then
    mapfile -t missing < <(missing_packages)
    [ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"
else
    echo "setup: not a Debian system: make sure of libcurl, libmosquitto, OpenSSL, OpenBLAS, libjpeg-turbo, libpng, libv4l, libsystemd, zlib, pkg-config, Python 3 with pip" >&2
fi
check_swift
