#!/bin/sh
# Finds a Python that Muster can use, and runs it: sh infra/preflight.sh app.py demo
# PYTHON=/some/python overrides the search. `sh infra/preflight.sh --all` prints every one found, for make test-all.
# Each candidate is run, not only looked up: a pyenv shim or the Windows Store's stub may be there and not work.
set -u

version() {  # prints "3.12 /real/path" when $1 is a Python that runs
    "$1" -c 'import sys; sys.stdout.write("%d.%d %s" % (sys.version_info[0], sys.version_info[1], sys.executable))' \
        2>/dev/null </dev/null
}

usable() {
    case "$1" in
        3.1[1-9]\ * | 3.[2-9][0-9]\ *) return 0 ;;
        *) return 1 ;;
    esac
}

if [ "${1:-}" = --all ]; then
    seen=' '
    for candidate in python3.11 python3.12 python3.13 python3.14 "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[1-9]*/bin/python; do
        found=$(version "$candidate") && usable "$found" || continue
        case "$seen" in *" ${found%% *} "*) continue ;; esac
        seen="$seen${found%% *} "
        printf '%s\n' "$found"
    done
    exit 0
fi

too_old=''
for candidate in ${PYTHON:+"$PYTHON"} python3.14 python3.13 python3.12 python3.11 python3 python py; do
    if found=$(version "$candidate"); then
        usable "$found" && exec "$candidate" "$@"
        [ -n "$too_old" ] || too_old=$found
    fi
    [ -z "${PYTHON:-}" ] || break
done

if [ -n "$too_old" ]; then
    this="this is ${too_old%% *} (${too_old#* })"
elif [ -n "${PYTHON:-}" ]; then
    this="PYTHON=$PYTHON does not run"
else
    this='none was found'
fi
printf '%s\n' "Muster needs Python 3.11 or newer; $this. macOS: brew install python · Debian: sudo apt install python3-venv make · Windows: winget install Python.Python.3.13, then  py app.py demo" >&2
exit 2
