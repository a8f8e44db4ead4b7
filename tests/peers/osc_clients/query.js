// Builds a list of controls from what OSCQuery says, prints it, sets mu to its highest value by what it was told, and
// prints what mu is then: node query.js PORT
"use strict";
const osc = require("osc");
const { OSCQueryDiscovery } = require("oscquery");

async function main() {
    const discovery = new OSCQueryDiscovery();
    const service = await discovery.queryNewService("127.0.0.1", Number(process.argv[2]));
    const host = service.hostInfo;
    const methods = service.flat();
    for (const method of methods) {
        console.log("method", JSON.stringify(method));
    }
    const mu = methods.find((method) => method.full_path === "/musicrnn/mu");
    const port = new osc.UDPPort({ localAddress: "127.0.0.1", localPort: 0, metadata: true });
    port.on("ready", () => {
        const value = { type: "f", value: mu.arguments[0].range.max };
        port.send({ address: mu.full_path, args: [value] }, host.oscIp, host.oscPort);
    });
    port.open();
    for (;;) {
        await new Promise((resolve) => {
            setTimeout(resolve, 100);
        });
        await service.update();
        console.log("mu is", service.resolvePath("/musicrnn/mu").getValue(0));
    }
}

main().catch((error) => {
    console.log("error", error);
    process.exit(1);
});
