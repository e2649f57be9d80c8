"""Scenario `bot`."""

import asyncio

from people import equal

COMMANDS = {"start": "Begins", "help": "Tells more"}
BUTTONS = (("Left", b"left"), ("Right", b"right"))


async def bot(sandbox, people):
    (anna,) = await people.named("Anna")
    robot = await people.bot("robot_bot", "Robot")
    a = anna.user.id

    await robot.set_commands(COMMANDS)
    equal(await robot.commands(), COMMANDS, "the bot's commands, as it reads them")
    r = await anna.find("robot_bot")
    equal(r, robot.user.id, "who is called @robot_bot")
    equal(await anna.commands_of(r), COMMANDS, "the bot's commands, as Anna reads them")

    await anna.send(r, "/start")
    start = await robot.hears_text("/start", sender=a)
    asked = await robot.send(a, "Where to?", buttons=BUTTONS)
    message = await anna.hears_text("Where to?", sender=r)
    equal(message.buttons, BUTTONS, "the buttons")
    pressing = asyncio.ensure_future(anna.press(r, message.id, b"right"))
    press = await robot.hears("press")
    equal((press.user, press.ids, bytes(press.data[1])), (a, (asked.id,), b"right"), "what was pressed")
    await robot.answer_press(press.data[0], "To the right")
    equal(await pressing, ("To the right", True), "the answer and whether it is an alert")
    await robot.edit(a, asked.id, "Right it is")
    await anna.hears("edit", lambda event: event.message.text == "Right it is")

    sandbox.control.command("set-inline robot_bot Search")
    asking = asyncio.ensure_future(anna.ask_inline(r, "tea"))
    query = await robot.hears("inline")
    equal((query.user, query.data[1]), (a, "tea"), "the inline query")
    await robot.answer_inline(query.data[0], {"black": "Black tea", "green": "Green tea"})
    results = await asking
    equal(results.titles, ["black", "green"], "the results")
    await anna.send_result(results, "green", a)
    chosen = await robot.hears("chosen")
    equal((chosen.user, chosen.data[0]), (a, "green"), "which result was chosen")
    (saved,) = await anna.history(a, 10)
    equal((saved.text, saved.via_bot), ("Green tea", r), "the message by way of the bot")
    await robot.edit_inline(chosen.data[1], "Green tea, with lemon")
    await anna.hears("edit", lambda event: event.message.text == "Green tea, with lemon")
    (saved,) = await anna.history(a, 10)
    equal(saved.text, "Green tea, with lemon", "the message after the bot's edit")
    return f"/start {start.id}, a button, an inline query, {len(COMMANDS)} commands"
