#!/usr/bin/env python3
"""Verifies the evidence of one flow: python3 verify.py FILE [--key KEY [--receipt RECEIPT]]

Needs Python 3 and the openssl command, and nothing of midflow. VERIFY.md says what is checked and what is not.
"""
import base64, hashlib, json, os, re, subprocess, sys, tempfile, uuid

FORMAT = "midflow-evidence-1"
ALWAYS = ["VERIFY.md", "log/anchors.json", "log/checkpoint", "log/key.vkey", "report.html", "verify.py"]


class Bad(Exception):
    pass


def need(true, why):
    if not true:
        raise Bad(why)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def unbase64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        raise Bad("this is no base64")
    need(base64.b64encode(data).decode() == text, "this is no base64 as it is written")
    return data


def header(name, size):
    """The one way to write a header of the archive (ustar)."""
    need(re.fullmatch(r"[A-Za-z0-9._/-]{1,100}", name), "a name has no place in the archive")
    need(all(part and not part.startswith(".") for part in name.split("/")), "a name leads elsewhere")
    block = name.encode().ljust(100, b"\0") + b"0000644\0" + b"0000000\0" * 2 + b"%011o\0" % size + b"0" * 11 + b"\0"
    block += b" " * 8 + b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + b"0000000\0" * 2
    block = block.ljust(512, b"\0")
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def unpack(data):
    members, at = [], 0
    while True:
        block = data[at:at + 512]
        need(len(block) == 512, "the archive ends too early")
        if not any(block):
            need(len(data) - at == 1024 and not any(data[at:]), "the archive does not end as it should")
            return members
        try:
            name = block[:100].split(b"\0")[0].decode("ascii")
            need(re.fullmatch(rb"[0-7]{11}", block[124:135]), "a size can't be read")
            size = int(block[124:135], 8)
        except UnicodeDecodeError:
            raise Bad("a name can't be read")
        need(header(name, size) == block, "the archive is not written as evidence is written")
        end = at + 512 + size
        after = -(-end // 512) * 512
        need(after <= len(data) and not any(data[end:after]), "the archive is not padded as it should be")
        members.append((name, data[at + 512:end]))
        at = after


def read_key(text):
    name, _, rest = text.strip().partition("+")
    key_id, _, encoded = rest.partition("+")
    key = unbase64(encoded)
    need(len(key) == 33 and key[0] == 1, "this is no key of a log")
    digest = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    need(key_id == digest.hex(), "the id of the key is not its own")
    return name, digest, key[1:]


def signed(message, signature, public):
    """Asks openssl about an Ed25519 signature."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [os.path.join(folder, name) for name in ("key", "message", "signature")]
        der = bytes.fromhex("302a300506032b6570032100") + public
        for path, data in zip(paths, (der, message, signature)):
            with open(path, "wb") as file:
                file.write(data)
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", paths[0], "-rawin",
                   "-in", paths[1], "-sigfile", paths[2]]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def open_note(note, key):
    """The text of a signed note (C2SP signed-note), once the key has signed it."""
    name, key_id, public = key
    need(not re.search("[\x00-\x09\x0b-\x1f]", note) and "\n\n" in note and note.endswith("\n"), "this is no signed note")
    text, lines = note.rsplit("\n\n", 1)
    text, good = text + "\n", False
    for line in lines[:-1].split("\n"):
        parts = line.split(" ")
        need(len(parts) == 3 and parts[0] == "\u2014" and parts[1] and "+" not in parts[1], "this is no signature line")
        data = unbase64(parts[2])
        need(len(data) >= 4, "this is no signature")
        if parts[1] == name and data[:4] == key_id:
            need(signed(text.encode(), data[4:], public), "a signature is not that of the key")
            good = True
    need(good, "the note is not signed by the key")
    return text


def root_of(leaf, index, size, path):
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2)."""
    need(index < size, "the proof is of no place of the log")
    node, last, value = index, size - 1, leaf
    for step in path:
        need(last > 0, "the proof is too long")
        if node % 2 == 1 or node == last:
            value = hashlib.sha256(b"\1" + step + value).digest()
            while node % 2 == 0 and node:
                node, last = node >> 1, last >> 1
        else:
            value = hashlib.sha256(b"\1" + value + step).digest()
        node, last = node >> 1, last >> 1
    need(last == 0, "the proof is too short")
    return value


def read_entry(entry):
    """The parts of an entry: flow, kind, and the digest of what the record says."""
    need(len(entry) > 65 and entry[0] == 1, "an entry can't be read")
    parts, at = [], 65
    for _ in range(3):
        need(at < len(entry), "an entry can't be read")
        parts.append(entry[at + 1:at + 1 + entry[at]])
        at += 1 + entry[at]
    need(len(entry) == at + 32, "an entry can't be read")
    return parts[0], parts[1].decode(), entry[at:]


def keeps_promise(receipt, flow, key, written, ending):
    """The promise that an e-service got with the outcome is signed by the log and kept by the record of the ending."""
    parts = receipt.strip().split(".")
    need(len(parts) == 2, "this is no receipt")
    text, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in parts)
    need(signed(b"midflow-receipt/v1\n" + text, signature, key[2]), "the receipt is not signed by the log")
    said = json.loads(text)
    need(said["log"] == written, "the receipt is of another log")
    need(said["flow"] == flow, "the receipt is of another flow")
    need(said["outcome"] == ending["outcome"] and said["kept"] == ending.get("flow"), "the receipt promised another ending")


def verify(data, trusted, receipt=None):
    members = unpack(data)
    need([name for name, _ in members[:2]] == ["manifest.json", "manifest.note"], "the manifest does not come first")
    manifest, note = members[0][1], members[1][1].decode()
    rest = members[2:]
    names = [name for name, _ in rest]
    need(names == sorted(set(names)), "the members are not in the order of their names")
    flow = str(uuid.UUID(json.loads(manifest)["flow"]))
    listed = {name: {"sha256": sha(content), "size": len(content)} for name, content in rest}
    whole = {"flow": flow, "format": FORMAT, "members": listed}
    need(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode() + b"\n" == manifest,
         "the manifest does not fit the members")
    files, known = dict(rest), set()

    def member(name):
        need(name in files, name + " is missing")
        known.add(name)
        return files[name]

    def same(name, digest):
        need("sha256:" + sha(member(name)) == digest, name + " is not what was recorded")

    written = member("log/key.vkey").decode()
    key = read_key(written)
    need(trusted is None or trusted == written.strip(), "it is not signed with the key that is trusted")
    need(open_note(note, key) == f"{FORMAT}\n{flow}\nsha256:{sha(manifest)}\n", "the note is about another manifest")
    head = member("log/checkpoint").decode()
    lines = open_note(head, key).split("\n")
    need(lines[0] == key[0] and lines[1] == str(int(lines[1])), "the checkpoint is of another log")
    size, root = int(lines[1]), unbase64(lines[2])
    for name in ALWAYS:
        member(name)
    if "log/timestamp.token" in files:
        # Who has stamped, openssl says: see VERIFY.md.
        need(hashlib.sha256(head.encode()).digest() in member("log/timestamp.token"), "the time-stamp is not over the head")
    endings = 0
    for name in names:
        found = re.fullmatch(r"log/(\d{12})\.json", name)
        if not found:
            continue
        number, stem = int(found[1]), name[:-5]
        event, entry, proof = member(name), member(stem + ".entry"), member(stem + ".proof").decode()
        of, kind, digest = read_entry(entry)
        need(of == uuid.UUID(flow).bytes, name + " is of another flow")
        need(hashlib.sha256(event).digest() == digest, name + " is not what its entry promises")
        top, _, shown = proof.partition("\n\n")
        top = top.split("\n")
        need(top[:2] == ["c2sp.org/tlog-proof@v1", f"index {number - 1}"] and shown == head, name + ": another proof")
        leaf = hashlib.sha256(b"\0" + entry).digest()
        path = [unbase64(line) for line in top[2:]]
        need(root_of(leaf, number - 1, size, path) == root, name + " is not in the log")
        said = json.loads(event)[kind]
        if kind == "ending":
            endings, ending = endings + 1, said
        if kind in ("request", "reply", "callback", "correction") and said.get("exchange"):
            same(f"exchanges/{said['exchange']}.bin", said["digest"])
        if kind == "request":
            same("catalog/manifest.txt", said["catalog"])
            for line in files["catalog/manifest.txt"].decode().splitlines():
                same("catalog/files/" + line[:64], "sha256:" + line[:64])
        if kind == "verdict" and f"stamps/{said['exchange']}.der" in files:
            same(f"stamps/{said['exchange']}.der", said["stamp_signer"])
        if kind == "notice":
            same(f"notices/{said['webhook_id']}.json", said["body"])
    need(endings == 1, "there has to be one record of an ending")
    if receipt is not None:
        keeps_promise(receipt, flow, key, written.strip(), ending)
    need(set(names) == known, "nothing speaks of " + ", ".join(sorted(set(names) - known)))
    return flow, written.strip()


def main():
    trusted = sys.argv[3] if len(sys.argv) in (4, 6) and sys.argv[2] == "--key" else None
    receipt = sys.argv[5] if len(sys.argv) == 6 and sys.argv[4] == "--receipt" else None
    if len(sys.argv) != (2 if trusted is None else 4 if receipt is None else 6):
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], "rb") as file:
            flow, key = verify(file.read(), trusted, receipt)
    except (Bad, ValueError, KeyError, TypeError, IndexError, AttributeError) as why:
        print(f"not good: {why}")
        return 1
    print(f"good: flow {flow}\nkey:  {key}" + ("" if trusted else "   (compare it with the key that the provider publishes)"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
