// Stands in for the server of Open Stage Control: runs the custom module of a session with what that program gives it, sends
// what the fader of mu sends, and prints each message that comes: node stage.js PORT FOLDER
"use strict";
const fs = require("fs");
const path = require("path");
const vm = require("vm");
const osc = require("osc");

const [daemon, folder] = process.argv.slice(2);
const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");
const port = new osc.UDPPort({ localAddress: "127.0.0.1", localPort: 0, metadata: true });
const send = (host, number, address, ...values) => {
    port.send({ address, args: values.map((value) => ({ type: "f", value })) }, host, number);
};
const settings = { read: (name) => (name === "send" ? [`127.0.0.1:${daemon}`] : null) };

function find(widget, id) {
    const inner = [...(widget.tabs || []), ...(widget.widgets || [])];
    return widget.id === id ? widget : inner.map((one) => find(one, id)).find(Boolean);
}

port.on("message", (message) => {
    console.log(message.address, ...message.args.map((one) => one.value));
});
port.on("ready", () => {
    const context = vm.createContext({ settings, send, setInterval, module: { exports: null } });
    vm.runInContext(read("musicrnn-stage.js"), context);
    context.module.exports.init();
    send("127.0.0.1", Number(daemon), find(JSON.parse(read("musicrnn-stage.json")).content, "mu-fader").address, 1.25);
});
port.open();
