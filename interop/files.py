"""Scenario `files`."""

import hashlib
import os

from people import Document, equal, true

SIZE = 5 * 1024 * 1024


async def files(sandbox, people):
    anna, ben = await people.named("Anna", "Ben")
    a, b = anna.user.id, ben.user.id
    photo, other = jpeg(b"one"), jpeg(b"two")

    await anna.send_photo(b, photo, "One")
    message = await ben.hears_text("One", sender=a)
    equal(await ben.download(message), photo, "the photo")

    await anna.send_album(b, {"Left": photo, "Right": other})
    left = await ben.hears_text("Left", sender=a)
    right = await ben.hears_text("Right", sender=a)
    true(left.album is not None and left.album == right.album, f"albums {left.album}, {right.album}")
    equal(await ben.download(left), photo, "the left photo")
    equal(await ben.download(right), other, "the right photo")

    content = os.urandom(SIZE)
    digest = hashlib.sha256(content).hexdigest()
    up, down = [], []
    await anna.send_document(b, "data.bin", content, "Here", lambda done, of: up.append((done, of)))
    message = await ben.hears_text("Here", sender=a)
    equal(ben.document(message), Document("data.bin", "application/octet-stream", SIZE), "document")
    received = await ben.download(message, lambda done, of: down.append((done, of)))
    equal(hashlib.sha256(received).hexdigest(), digest, "the SHA-256")
    for steps in (up, down):
        true(len(steps) > 1 and steps == sorted(steps), f"progress: {steps}")
        equal(steps[-1], (SIZE, SIZE), "the last step of the progress")

    return f"2 photos in an album, {SIZE} bytes in {len(up)} and {len(down)} steps"


def jpeg(name):
    """What begins and ends as a JPEG, with comments of 60 kB in it: nobody here looks at pictures."""
    comment = name + os.urandom(30_000 - len(name))
    head = bytes.fromhex("ffd8ffe000104a46494600010100000100010000")
    return head + 2 * (b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment) + b"\xff\xd9"
