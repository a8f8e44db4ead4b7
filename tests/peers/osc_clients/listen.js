// Finds the daemon's OSCQuery by zeroconf on this machine, listens to mu over WebSocket, sets it over the same
// connection, and prints what comes: node listen.js PORT
"use strict";
const { Bonjour } = require("bonjour-service");
const osc = require("osc");
const { OSCQueryDiscovery } = require("oscquery");

function found(port) {
    return new Promise((resolve) => {
        const bonjour = new Bonjour({ interface: "127.0.0.1" });
        bonjour.find({ type: "oscjson", protocol: "tcp" }, (service) => {
            if (service.port === port) {
                resolve(service);
            }
        });
    });
}

async function main() {
    const service = await found(Number(process.argv[2]));
    console.log("found", service.name, service.addresses.join(" "), service.port);
    const query = await new OSCQueryDiscovery().queryNewService(service.addresses[0], service.port);
    const host = query.hostInfo;
    console.log("extensions", JSON.stringify(host.extensions));
    const line = new osc.WebSocketPort({ url: `ws://${host.wsIp}:${host.wsPort}/`, metadata: true });
    line.on("ready", () => {
        line.socket.send(JSON.stringify({ COMMAND: "LISTEN", DATA: "/musicrnn/mu" }));
        line.send({ address: "/musicrnn/mu", args: [{ type: "f", value: 1.25 }] });
    });
    line.on("message", (message) => {
        console.log(message.address, ...message.args.map((one) => one.value));
    });
    line.on("error", (error) => {
        console.log("error", error.message);
    });
    line.open();
}

main().catch((error) => {
    console.log("error", error);
    process.exit(1);
});
