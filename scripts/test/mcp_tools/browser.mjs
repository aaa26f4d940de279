#!/usr/bin/env node
// The browser (variable BROWSER) of clients that open one: passes the address to the soak, which plays the person.

const answer = await fetch(process.env.PERSON ?? '', { method: 'POST', body: process.argv.at(-1) ?? '' });
process.exitCode = answer.ok ? 0 : 1;
