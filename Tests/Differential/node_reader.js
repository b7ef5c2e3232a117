// Reads cases as ParserProbe does and writes what Node's HTTP server (llhttp) reads from each, in the same form. The
// server is the real one; only its socket is a stream in memory.
'use strict';

const http = require('node:http');
const { Duplex } = require('node:stream');

const hexadecimal = (text) => Buffer.from(text, 'latin1').toString('hex');

function pairs(raw) {
  const list = [];
  for (let i = 0; i < raw.length; i += 2) list.push([hexadecimal(raw[i]), hexadecimal(raw[i + 1])]);
  return list;
}

class ClientStream extends Duplex {
  _read() {}
  _write(chunk, encoding, done) { done(); }
  setTimeout() { return this; }
}

function read(input) {
  return new Promise((resolve) => {
    const reading = { ending: 'clean', messages: [] };
    const requests = [];
    const server = http.createServer({ insecureHTTPParser: false, maxHeaderSize: 64 * 1024 });
    const take = (request, response) => {
      // The parser runs ahead of the events: what it hands over is noted at once, or a later fault would hide it.
      const entry = { request, body: [] };
      const push = request.push;
      request.push = function (chunk) {
        if (chunk) entry.body.push(chunk);
        return push.apply(this, arguments);
      };
      requests.push(entry);
      request.on('error', () => {});
      request.on('end', () => response.end());
      request.resume();
    };
    server.on('request', take);
    server.on('checkContinue', take);
    server.on('checkExpectation', take);
    server.on('connect', (request) => {
      reading.ending = 'closed';
      request.complete = true;
      requests.push({ request, body: [] });
    });
    server.on('clientError', (error, socket) => {
      const early = error.code === 'HPE_INVALID_EOF_STATE';
      if (reading.ending === 'clean') reading.ending = early ? 'incomplete' : `refused: ${error.code} ${error.reason || ''}`.trim();
      socket.destroy();
    });
    const socket = new ClientStream();
    socket.on('error', () => {});
    server.emit('connection', socket);
    if (input.length > 0) socket.push(input);
    // Answers are written in later turns; the end of the input must not overtake them.
    let turns = 0;
    const wait = () => {
      if (++turns < 8) return setImmediate(wait);
      if (turns === 8) {
        if (!socket.destroyed) socket.push(null);
        return setImmediate(wait);
      }
      if (turns < 12) return setImmediate(wait);
      for (const { request, body } of requests) {
        if (!request.complete) {
          if (reading.ending === 'clean') reading.ending = 'incomplete';
          break;
        }
        reading.messages.push({
          method: hexadecimal(request.method), target: hexadecimal(request.url), version: request.httpVersion,
          fields: pairs(request.rawHeaders), body: Buffer.concat(body).toString('hex'), trailers: pairs(request.rawTrailers),
        });
      }
      socket.destroy();
      return resolve(reading);
    };
    setImmediate(wait);
  });
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const cases = Buffer.concat(chunks);
  for (let offset = 0; offset < cases.length;) {
    const size = cases.readUInt32BE(offset);
    const input = cases.subarray(offset + 4, offset + 4 + size);
    offset += 4 + size;
    console.log(JSON.stringify(await read(input)));
  }
}

main();
