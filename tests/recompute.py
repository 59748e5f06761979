#!/usr/bin/env python3
"""Recomputes every id and hash of a store from its files alone: a second implementation of docs/store.md.

Usage: recompute.py STORE. Prints what does not hold; exit status 1 when anything does not. It uses
nothing but Python's standard library and shares no code with the program."""

import hashlib
import json
import pathlib
import sys


def sha256(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def jcs(value):
    """Canonical JSON (RFC 8785) for what a store holds: no number here needs an exponent."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
        return "{" + ",".join(jcs(key) + ":" + jcs(value[key]) for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(jcs, value)) + "]"
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return json.dumps(value, ensure_ascii=False)


def strict(data):
    def members(pairs):
        assert len({key for key, _ in pairs}) == len(pairs), "a key stands twice"
        return dict(pairs)
    return json.loads(data.decode("utf-8"), object_pairs_hook=members)


def records(folder, body):
    """Numbered records: each sealed by a digest, each naming the one before. Gives number -> digest of `body`."""
    parent, bodies = None, {}
    for number, path in enumerate(sorted(folder.glob("*.json")), 1):
        record = strict(path.read_bytes())
        sealed = {key: value for key, value in record.items() if key != "digest"}
        yield path.name == f"{number:06}.json" and record["number"] == number, f"{path}: number"
        yield record["parent"] == parent, f"{path}: parent"
        yield record["digest"] == sha256(jcs(sealed).encode()), f"{path}: digest"
        yield record["body_digest"] == sha256(jcs(record[body]).encode()), f"{path}: body_digest"
        parent = record["digest"]


def run(folder, store):
    manifest = strict((folder / "manifest.json").read_bytes())
    yield (manifest["job_id"], manifest["run_id"]) == (folder.parent.name, folder.name), f"{folder}: names"
    for kind, members in (("inputs", "input_snapshots"), ("outputs", "artifacts")):
        declared = {file["path"]: file for file in manifest[members].values()}
        found = {str(path.relative_to(folder)): path.read_bytes() for path in (folder / kind).rglob("*") if path.is_file()}
        yield set(declared) == set(found), f"{folder}: files under {kind}"
        for path in set(declared) & set(found):
            same = (declared[path]["sha256"], declared[path]["bytes"]) == (sha256(found[path]), len(found[path]))
            yield same, f"{folder}/{path}: hash and size"
    names = {str(path.relative_to(folder / "inputs")): sha256(path.read_bytes())
             for path in (folder / "inputs").rglob("*") if path.is_file()}
    inputs_hash = sha256(jcs(names).encode())
    yield manifest["inputs_hash"] == inputs_hash, f"{folder}: inputs_hash"
    yield manifest["run_id"] == inputs_hash.removeprefix("sha256:")[:32], f"{folder}: run_id"
    head = None
    for number, attempt in enumerate(sorted((folder / "attempts").iterdir()), 1):
        previous = None
        for seq, line in enumerate((attempt / "events.jsonl").read_bytes().splitlines(), 1):
            event = strict(line)
            yield jcs(event).encode() == line, f"{attempt}: line {seq} is canonical"
            yield (event["seq"], event["prev"]) == (seq, previous), f"{attempt}: line {seq} chains"
            if seq == 1:
                yield (event["attempt"], event["previous"]) == (number, head), f"{attempt}: follows the one before"
                policy = store / ".consensus/policies" / event["policy"]["name"] / f"{event['policy']['version']:06}.json"
                yield (attempt / "policy.json").read_bytes() == policy.read_bytes(), f"{attempt}: policy.json"
                yield strict(policy.read_bytes())["body_digest"] == event["policy"]["digest"], f"{attempt}: policy digest"
            previous = sha256(line)
        head = previous
    # The newest attempt of a finished run names the manifest that it left behind.
    if event["event"] == "attempt_ended":
        yield event["manifest"] == sha256((folder / "manifest.json").read_bytes()), f"{folder}: manifest.json"


def main():
    store = pathlib.Path(sys.argv[1])
    runs = sorted(path.parent for path in store.glob("[!.]*/*/manifest.json"))
    checks = [check for folder in runs for check in run(folder, store)]
    for policy in sorted((store / ".consensus/policies").iterdir()):
        checks += records(policy, "body")
    failed = [what for holds, what in checks if not holds]
    print("".join(f"does not hold: {what}\n" for what in failed) + f"{len(runs)} runs, {len(checks)} checks, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
