"""Scenario `login`."""

from people import equal, refused, true

PHONE = "491510000042"
PASSWORD = "correct horse"


async def login(sandbox, people):
    first = await people.stranger()
    code_hash = await first.send_code(PHONE)
    code = people.code(PHONE)
    await refused(first, "PHONE_CODE_INVALID", first.sign_in(PHONE, code_hash, _wrong(code)))
    true(await first.sign_in(PHONE, code_hash, code) is None, "no sign-up is asked for")
    user = await first.sign_up(PHONE, code_hash, "Nora")
    equal((user.first_name, user.phone), ("Nora", PHONE), "who signed up")
    equal(await first.me(), user, "who that is")
    await first.listen()
    await first.log_out()

    # The key is not logged in any more, and another one is as good.
    first = await people.stranger()
    code_hash = await first.send_code(PHONE)
    code = people.code(PHONE)
    await refused(first, "PHONE_CODE_INVALID", first.sign_in(PHONE, code_hash, _wrong(code)))
    equal(await first.sign_in(PHONE, code_hash, code), user, "the same user again")
    await first.listen()

    await first.set_password(PASSWORD, "a horse")
    second = await people.stranger()
    code_hash = await second.send_code(PHONE)
    signing_in = second.sign_in(PHONE, code_hash, people.code(PHONE))
    await refused(second, "SESSION_PASSWORD_NEEDED", signing_in)
    equal(await second.password_hint(), "a horse", "the password's hint")
    await refused(second, "PASSWORD_HASH_INVALID", second.check_password("battery staple"))
    equal(await second.check_password(PASSWORD), user, "who has the password")

    await refused(first, "PASSWORD_HASH_INVALID", first.remove_password("battery staple"))
    await first.remove_password(PASSWORD)
    third = await people.by_code(PHONE)
    equal(third.user, user, "who needs no password any more")

    fourth = await people.stranger()
    token = await fourth.qr_token()
    # The client waits for updateLoginToken before the other accepts.
    accepted = fourth.qr_login()
    await first.accept_qr(token)
    equal(await accepted, user, "whose QR code was accepted")
    await fourth.listen()

    sessions = await first.sessions()
    equal((len(sessions), sessions.count(True)), (4, 1), "sessions, and which of them is this one")
    await fourth.log_out()
    equal(len(await first.sessions()), 3, "sessions after one logged out")
    return "two codes, sign-up, 2FA, QR, 4 sessions, log out"


def _wrong(code):
    return str((int(code) + 1) % 10 ** len(code)).zfill(len(code))
