#!/bin/sh
# Installs crackscan on a Raspberry Pi from this folder alone; no network is used.
#   sudo sh install.sh               install or upgrade; surveys, models and settings stay
#   sudo sh install.sh --uninstall   remove the program; surveys, models and settings stay
set -eu

home=/opt/crackscan
link=/usr/local/bin/crackscan

fail() {
    echo "crackscan: $1" >&2
    exit 1
}

[ "$(id -u)" = 0 ] || fail "run it as root: sudo sh $0 $*"
here=$(cd "$(dirname "$0")" && pwd)

case "${1-}" in
--uninstall)
    if [ -e /etc/systemd/system/crackscan.service ] && [ -x "$link" ]; then
        "$link" service uninstall
    fi
    if [ "$(readlink "$link" || true)" = "$home/current/bin/crackscan" ]; then
        rm -f "$link"
    fi
    rm -rf "$home"
    echo "crackscan is removed; surveys and models in /var/lib/crackscan and settings in /etc/crackscan stay"
    exit
    ;;
"") ;;
*) fail "unknown option $1; there is --uninstall" ;;
esac

cd "$here"
sha256sum --check --quiet SHA256SUMS || fail "this copy is damaged: copy the bundle again"
. ./target
version=$(cat version)
machine=$(uname -m)
[ "$machine" = aarch64 ] || fail "this bundle is for $system, not for $machine"
[ "$(getconf LONG_BIT)" = 64 ] || fail "this bundle is for $system; the system here is 32-bit"
found=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') || fail "there is no python3"
[ "$found" = "$python" ] || fail "this bundle is for $system with Python $python; here is Python $found"
python3 -c 'import cv2, ensurepip, numpy, PIL' 2>/dev/null ||
    fail "something of the system is missing: apt install python3-venv python3-opencv python3-pil"
numpy='import numpy; print(numpy.__version__, numpy.__file__)'
before=$(python3 -c "$numpy")

# Each version has its own folder; the link to the one in use is changed last, in one step.
new=$home/$version
if [ "$(readlink "$home/current" || true)" = "$version" ] && "$new/bin/crackscan" --version >/dev/null 2>&1; then
    echo "crackscan $version is installed already"
    exit
fi
rm -rf "$new"
mkdir -p "$home" "$(dirname "$link")"
trap 'rm -rf "$new"' EXIT
trap 'exit 1' HUP INT TERM
python3 -m venv --system-site-packages "$new"
"$new/bin/pip" --disable-pip-version-check --isolated --quiet install \
    --no-index --find-links wheels crackscan || fail "the installation failed; nothing has changed"
# An eighth of the room; python -m ensurepip brings it back. Only Python 3.11 has setuptools here.
"$new/bin/python" -m pip --isolated --quiet --quiet uninstall --yes pip setuptools
cp -r samples "$new/samples"
[ "$("$new/bin/python" -c "$numpy")" = "$before" ] ||
    fail "the system's numpy would be replaced; nothing has changed"
# A camera or receiver that the settings name and nobody has plugged in is not a fault of this version.
CRACKSCAN_SOURCE='' CRACKSCAN_POSITION=auto "$new/bin/crackscan" doctor || fail "doctor finds something broken in $version; nothing has changed"

ln -s "$version" "$home/.current.$$"
mv -T "$home/.current.$$" "$home/current"
trap - EXIT HUP INT TERM
ln -sfn "$home/current/bin/crackscan" "$link"
for old in "$home"/*/; do
    old=${old%/}
    case "$old" in "$new" | "$home/current") ;; *) rm -rf "$old" ;; esac
done
if [ -d /run/systemd/system ]; then
    systemctl try-restart crackscan.service 2>/dev/null || true
fi
echo "crackscan $version is installed; try: crackscan scan $home/current/samples --out first-scan"
