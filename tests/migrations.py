#!/usr/bin/env python3
"""Checks migrated manifests from their files alone: a second implementation of docs/migrations.md.

Usage: migrations.py STORE. For each manifest whose history has entries of consensus, the backups that it
names have the digests that it names, the checksums are a chain that ends at the file, and between each
backup and what followed every member kept its very text but `schema_version`, `migration_history` and what
the entry says was recorded. Prints what does not hold; exit status 1 when anything does not."""

import decimal
import hashlib
import json
import pathlib
import sys


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Number(str):
    """A number as it was spelled."""


def parse(text):
    return json.loads(text, parse_int=Number, parse_float=Number)


def number(text):
    """As ECMAScript prints the double, where that is the same number; else as it was spelled."""
    double = float(text)
    if double in (float("inf"), float("-inf")) or decimal.Decimal(repr(double)) != decimal.Decimal(text):
        return str(text)
    if double == 0:
        return "0"
    sign, digits, exponent = decimal.Decimal(repr(double)).normalize().as_tuple()
    digits, point = "".join(map(str, digits)), len(digits) + exponent
    if len(digits) <= point <= 21:
        shown = digits + "0" * (point - len(digits))
    elif 0 < point <= 21:
        shown = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        shown = "0." + "0" * -point + digits
    else:
        shown = digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{point - 1:+d}"
    return "-" * sign + shown


def jcs(value):
    if isinstance(value, Number):
        return number(value)
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(jcs(key) + ":" + jcs(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def checksum(text):
    return sha256(jcs({key: value for key, value in parse(text).items() if key != "migration_history"}).encode())


def members(text):
    """Each member of the outermost object with the text of its value, in order."""
    decoder, blank, found = json.JSONDecoder(), " \t\r\n", {}
    at = text.index("{") + 1
    while True:
        while text[at] in blank + ",":
            at += 1
        if text[at] == "}":
            return found
        key, at = json.decoder.scanstring(text, at + 1, True)
        while text[at] in blank + ":":
            at += 1
        _, end = decoder.raw_decode(text, at)
        found[key], at = text[at:end], end


def manifest(path):
    text = path.read_bytes().decode("utf-8")
    own = [entry for entry in parse(text).get("migration_history") or [] if entry.get("tool", {}).get("name") == "consensus"]
    previous, after = None, []
    for entry in own:
        backup = path.parent / entry["backup"]["file"]
        before = backup.read_bytes()
        yield entry["backup"]["sha256"] == sha256(before), f"{backup}: sha256"
        yield entry["checksum_before"] == checksum(before.decode()), f"{backup}: checksum_before"
        yield previous in (None, entry["checksum_before"]), f"{path}: the checksums are a chain"
        previous = entry["checksum_after"]
        after.append((entry, before.decode()))
    if own:
        yield previous == checksum(text), f"{path}: checksum_after"
    following = [text for _, text in after[1:]] + [text]
    for (entry, before), then in zip(after, following):
        old, new = members(before), members(then)
        words = [word for step in entry["changes"] for word in step]
        recorded = {word.split()[1].rstrip(":") for word in words if word.startswith("recorded ")}
        free = {"schema_version", "migration_history"} | recorded
        for name, value in old.items():
            yield name in new and (name in free or new[name] == value), f"{path}: {name} kept its text"
        yield [name for name in new if name in old] == list(old), f"{path}: the order of members"
        yield parse(new["migration_history"])[:-1] == (parse(old.get("migration_history", "[]")) or []), f"{path}: history"


def main():
    decimal.getcontext().prec = 2000
    paths = sorted(pathlib.Path(sys.argv[1]).glob("[!.]*/*/manifest.json"))
    checks = [check for path in paths for check in manifest(path)]
    failed = [what for holds, what in checks if not holds]
    print("".join(f"does not hold: {what}\n" for what in failed) + f"{len(paths)} manifests, {len(checks)} checks, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
