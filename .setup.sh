# shellcheck shell=sh
# shellcheck disable=SC2154,SC2034 # `here` comes from, and `qt_is_ready` goes to, the script that sources this
# What ./run and ./test share: a .venv with the locked libraries, and the system libraries Qt needs.
# Sourced with `here` set to the folder of the clone. Speaks on stderr only.

state=$here/.setup
venv=$here/.venv
log=$state/log
offscreen_libraries='
libglib-2.0.so.0        libglib2.0-0
libGL.so.1              libgl1
libEGL.so.1             libegl1
libxkbcommon.so.0       libxkbcommon0
libfontconfig.so.1      libfontconfig1
libdbus-1.so.3          libdbus-1-3
'
x11_libraries='
libX11-xcb.so.1         libx11-xcb1
libxkbcommon-x11.so.0   libxkbcommon-x11-0
libxcb-cursor.so.0      libxcb-cursor0
libxcb-icccm.so.4       libxcb-icccm4
libxcb-image.so.0       libxcb-image0
libxcb-keysyms.so.1     libxcb-keysyms1
libxcb-randr.so.0       libxcb-randr0
libxcb-render-util.so.0 libxcb-render-util0
libxcb-shape.so.0       libxcb-shape0
libxcb-shm.so.0         libxcb-shm0
libxcb-sync.so.1        libxcb-sync1
libxcb-xfixes.so.0      libxcb-xfixes0
libxcb-xkb.so.1         libxcb-xkb1
'
wayland_libraries='
libwayland-client.so.0  libwayland-client0
libwayland-cursor.so.0  libwayland-cursor0
libwayland-egl.so.1     libwayland-egl1
'

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# Make everything ready. $1: the Qt platforms wanted, any of "offscreen x11 wayland".
# A start that finds nothing to do costs a few milliseconds.
set_up() {
    unset PYTHONHOME PYTHONPATH
    mkdir -p "$state"
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$state/lock"
        flock -n 9 || { say 'Waiting for another start to finish its set-up.'; flock 9; }
    fi
    : >"$log"
    is_installed || install_libraries
    qt_is_ready=yes
    install_system_libraries "$1" || qt_is_ready=no
    exec 9>&-
}

# ------------------------------------------------------------------ Python and its libraries

wanted_stamp() {
    cksum <"$here/requirements.lock"
    cksum <"$here/pyproject.toml"
    readlink -f "$venv/bin/python"
    printf '%s\n' "$here"
}

is_installed() {
    [ ! -e "$state/unfinished" ] && [ -x "$venv/bin/inspector" ] && [ -x "$venv/bin/python" ] &&
        [ -f "$venv/stamp" ] && [ "$(wanted_stamp)" = "$(cat "$venv/stamp")" ]
}

install_libraries() {
    if [ -e "$state/unfinished" ] || ! is_usable "$venv/bin/python" || ! is_for_here; then
        python=$(find_python) || { install_python && python=$(find_python); } ||
            fail 'Python 3.11 to 3.14 with its venv module is needed: sudo apt-get install python3 python3-venv'
        : >"$state/unfinished"
        say "Making .venv with $("$python" --version)."
        "$python" -m venv --clear "$venv" >>"$log" 2>&1 || fail_with_log "$python could not make .venv."
    fi
    : >"$state/unfinished"
    rm -f "$venv/stamp"
    say 'Installing the libraries of requirements.lock into .venv (the first time about 450 MB are fetched).'
    quiet=--quiet
    [ -t 2 ] && quiet=--progress-bar=on
    pip_install "$quiet" --require-hashes --only-binary :all: --requirement "$here/requirements.lock" ||
        fail 'The libraries could not be installed; the lines above say why.'
    pip_install --quiet --no-deps --no-build-isolation --editable "$here" ||
        fail 'The program could not be installed into .venv; the lines above say why.'
    wanted_stamp >"$venv/stamp"
    rm -f "$state/unfinished"
}

pip_install() {
    PIP_USER=0 "$venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-warn-script-location "$@" >&2
}

fail_with_log() {
    tail -n 20 "$log" >&2
    fail "$*"
}

is_usable() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' >/dev/null 2>&1
}

# A .venv that was copied or moved keeps the paths of its old place.
is_for_here() {
    [ "$("$venv/bin/python" -c 'import sys; print(sys.prefix)')" = "$venv" ] && "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

find_python() {
    for candidate in python3.14 python3.13 python3.12 python3.11 python3 /usr/bin/python3 \
        "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[1-4].*/bin/python3; do
        if is_usable "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

install_python() {
    apt_install python3 python3-venv || return 1
    find_python >/dev/null && return 0
    for version in 3.14 3.13 3.12 3.11; do
        if apt-cache show "python$version-venv" >/dev/null 2>&1; then
            apt_install "python$version" "python$version-venv"
            return
        fi
    done
    return 1
}

# ------------------------------------------------------------------ system libraries

install_system_libraries() {
    command -v apt-get >/dev/null 2>&1 || return 0 # elsewhere the program itself says what is missing
    packages=$(missing_packages "$1")
    [ -n "$packages" ] || return 0
    # shellcheck disable=SC2086 # one word for each package
    apt_install $packages && return 0
    say "Qt needs system libraries that are missing: sudo apt-get install$packages"
    return 1
}

missing_packages() {
    table=
    for platform in $1; do
        case $platform in
        offscreen) table="$table $offscreen_libraries" ;;
        x11) table="$table $offscreen_libraries $x11_libraries" ;;
        wayland) table="$table $offscreen_libraries $wayland_libraries" ;;
        esac
    done
    present=$(/sbin/ldconfig -p 2>/dev/null) || return 0
    missing=
    # shellcheck disable=SC2086 # pairs of words
    set -- $table
    while [ $# -gt 0 ]; do
        case $present in
        *"	$1 (libc6,"*) ;;
        *) case " $missing " in *" $2 "*) ;; *) missing="$missing $2" ;; esac ;;
        esac
        shift 2
    done
    if [ -z "$(find /usr/share/fonts /usr/local/share/fonts -name '*.[ot]t[cf]' -print -quit 2>/dev/null)" ]; then
        missing="$missing fonts-dejavu-core"
    fi
    printf '%s' "$missing"
}

# Install Debian packages where that is allowed without asking, or by asking at a terminal.
apt_install() {
    command -v apt-get >/dev/null 2>&1 || return 1
    as_root true 2>/dev/null || return 1
    say "Installing with apt-get: $*"
    as_root apt-get -qq update >>"$log" 2>&1 9>&- || true # a foreign source that is down need not matter
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 install --yes \
        --no-install-recommends "$@" >>"$log" 2>&1 9>&- && return 0
    tail -n 20 "$log" >&2
    return 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif ! command -v sudo >/dev/null 2>&1; then
        return 1
    elif sudo -n true 2>/dev/null; then
        sudo -n "$@"
    elif [ -t 0 ] && [ -t 2 ]; then
        sudo "$@"
    else
        return 1
    fi
}
