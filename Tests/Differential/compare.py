#!/usr/bin/env python3
"""Compares our HTTP/1.1 parser with h11 and with Node's llhttp on the same inputs.

    compare.py PROBE [--random COUNT] [--seed SEED] [--found] [--show KIND]

Whatever we accept, the others must read the same way: the same requests with the same lines, fields, bodies and trailers.
Where one refuses what another accepts, that is only a difference in strictness; each kind of it must be explained in
`differences.json`, and each explanation must still be needed. Its list for Node is that of llhttp 9; older ones are more
lenient, so that with another Node only the first rule holds.
"""

import argparse
import collections
import json
import pathlib
import re
import struct
import subprocess
import sys

import cases
import h11_reader

HERE = pathlib.Path(__file__).resolve().parent
# Trailer fields that we drop on purpose (RFC 9110 §6.5.1), as far as the cases have them.
DROPPED_TRAILERS = {b"content-length", b"transfer-encoding", b"host", b"connection", b"expect", b"te", b"upgrade", b"proxy-connection"}


def run(command, inputs):
    data = b"".join(struct.pack(">I", len(item)) + item for item in inputs)
    output = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    if len(output) != len(inputs):
        sys.exit(f"{command[0]} stopped after {len(output)} of {len(inputs)} cases")
    return [json.loads(line) for line in output]


def same_form(message):
    fields, trailers = ([normal(*field) for field in message[kind]] for kind in ("fields", "trailers"))
    trailers = [field for field in trailers if field[0] not in DROPPED_TRAILERS]
    # What follows a CONNECT is for a tunnel: h11 still reads a body there, Node does not, and neither goes on.
    body = "" if bytes.fromhex(message["method"]) == b"CONNECT" else message["body"]
    return (message["method"], message["target"], message["version"], fields, body, trailers)


def normal(name, value):
    name, value = bytes.fromhex(name).lower(), bytes.fromhex(value).strip(b" \t")
    # The only value that a reader (h11) hands over in lower case.
    return (name, value.lower() if name == b"transfer-encoding" else value)


def difference(ours, theirs):
    """None, or the kind of the first difference; `misread` is the kind that nothing can explain."""
    ours_end, theirs_end = (reading["ending"].split(":")[0] for reading in (ours, theirs))
    they_refuse = "they refuse: " + theirs["ending"].removeprefix("refused: ")
    we_refuse = "we refuse: " + ours["ending"].removeprefix("refused: ")
    for our, their in zip(ours["messages"], theirs["messages"]):
        if same_form(our) != same_form(their):
            return "misread: the same request reads otherwise"
    if len(ours["messages"]) > len(theirs["messages"]):
        if theirs_end == "refused":
            return they_refuse
        return f"{'misread' if theirs_end == 'incomplete' else 'ending'}: we go on where they are {theirs_end}"
    if len(ours["messages"]) < len(theirs["messages"]):
        if ours_end == "refused":
            return we_refuse
        return f"{'misread' if ours_end == 'incomplete' else 'ending'}: they go on where we are {ours_end}"
    # Whoever refuses or closes has read the same so far; what matters is that neither takes the rest for a request.
    endings = {ours_end, theirs_end}
    if len(endings) == 1 or endings <= {"refused", "incomplete", "closed"} or endings == {"clean", "closed"}:
        return None
    if ours_end == "refused":
        return we_refuse
    if theirs_end == "refused":
        return they_refuse
    return f"ending: we are {ours_end}, they are {theirs_end}"


def explains(explanation, kind, item):
    """Whether the kind is that of the explanation, and the input has what it blames."""
    if kind.startswith("misread") or not re.fullmatch(explanation["difference"], kind, re.DOTALL):
        return False
    return re.search(explanation.get("input", ""), item.decode("latin-1"), re.DOTALL | re.IGNORECASE) is not None


def report(peer, kinds, explanations, show):
    """Prints the kinds; false if one is not explained or an explanation is not needed."""
    fine = True
    needed = set()
    for kind, found in sorted(kinds.items()):
        unexplained = []
        for entry in found:
            matching = [place for place, item in enumerate(explanations) if explains(item, kind, entry[0])]
            needed.update(matching)
            if not matching:
                unexplained.append(entry)
        print(f"  {len(found):5}  {kind[:100]}" + (f"  ({len(unexplained)} UNEXPLAINED)" if unexplained else ""))
        fine = fine and not unexplained
        for item, our, their in (found if show and show in kind else unexplained)[:5]:
            print(f"         {item!r}\n           we:   {our}\n           they: {their}")
    for place, item in enumerate(explanations):
        if place not in needed:
            fine = False
            print(f"  OUTDATED: no input shows {item['difference']!r}")
    return fine


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("probe")
    options.add_argument("--random", type=int, default=5000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--found", action="store_true", help="add what the fuzzers found on this machine")
    options.add_argument("--show", help="print the cases of the kinds that contain this text")
    options = options.parse_args()
    inputs = list(dict.fromkeys([*cases.known(), *cases.kept(options.found), *cases.changed(options.random, options.seed)]))
    ours = run([options.probe], inputs)
    peers = {
        "node": run(["node", str(HERE / "node_reader.js")], inputs),
        "h11": [h11_reader.read(item) for item in inputs],
    }
    explanations = json.loads((HERE / "differences.json").read_text())
    llhttp = subprocess.check_output(["node", "-p", "process.versions.llhttp"], text=True).strip()
    fine = True
    for peer, theirs in peers.items():
        kinds = collections.defaultdict(list)
        for item, our, their in zip(inputs, ours, theirs):
            kind = difference(our, their)
            if kind:
                kinds[kind].append((item, our, their))
        agreed = len(inputs) - sum(map(len, kinds.values()))
        accepted = sum(bool(our["messages"]) for our in ours)
        print(f"{peer}: {len(inputs)} inputs, {accepted} with a request that we accept; the same reading of {agreed}")
        if peer == "node" and not llhttp.startswith("9."):
            misread = [entry for kind, found in kinds.items() if kind.startswith("misread") for entry in found]
            print(f"  this is llhttp {llhttp}, not 9: only misreadings count, and there are {len(misread)}")
            fine = fine and not misread
            continue
        fine = report(peer, kinds, explanations[peer], options.show) and fine
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
