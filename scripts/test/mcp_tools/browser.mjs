#!/usr/bin/env node
// Clients start this program as their browser (variable BROWSER). It passes the address to the soak, which plays the person.

const answer = await fetch(process.env.PERSON ?? '', { method: 'POST', body: process.argv.at(-1) ?? '' });
process.exitCode = answer.ok ? 0 : 1;
