#!/usr/bin/env bash
# What a machine runs: a Python program with its arguments, in the project's folder.
exec python3 "$@"
