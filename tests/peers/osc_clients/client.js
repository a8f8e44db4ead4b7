// Sets mu over the package osc of npm, subscribes to the state, and prints each message that comes: node client.js PORT
"use strict";
const osc = require("osc");

const port = new osc.UDPPort({
    localAddress: "127.0.0.1",
    localPort: 0,
    remoteAddress: "127.0.0.1",
    remotePort: Number(process.argv[2]),
    metadata: true,
});
port.on("ready", () => {
    port.send({ address: "/musicrnn/mu", args: [{ type: "f", value: 1.25 }] });
    port.send({
        address: "/musicrnn/subscribe",
        args: [
            { type: "f", value: 20 },
            { type: "f", value: 10 },
        ],
    });
});
port.on("message", (message) => {
    console.log(message.address, ...message.args.map((one) => one.value));
});
port.on("error", (error) => {
    console.log("error", error.message);
});
port.open();
