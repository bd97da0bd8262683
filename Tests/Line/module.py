#!/usr/bin/env python3
"""A remote I/O module by pymodbus, as a process of its own that a test kills and stops: coils and discrete inputs 0 to 15, and a
watchdog that takes all outputs back.

    module.py PORT WATCHDOG_MS

Says each change of its outputs on standard output, with the time by the monotonic clock. On standard input it is told "input N 0|1",
"deaf 0|1" (outputs are not taken, and nothing says so) and "slow MS" (before each answer)."""
import asyncio
import json
import os
import sys
import time

from pymodbus.server import StartAsyncTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice


class Module:
    def __init__(self, watchdog):
        self.watchdog, self.outputs, self.inputs = watchdog, 0, 0
        self.is_deaf, self.delay, self.heard = False, 0, time.monotonic()

    def show(self, outputs):
        if outputs != self.outputs:
            active = [line for line in range(16) if outputs >> line & 1]
            print(json.dumps({"time": time.monotonic(), "active": active}), flush=True)
        self.outputs = outputs

    async def answer(self, function, _start, address, _count, registers, values):
        if self.delay:
            await asyncio.sleep(self.delay)
        self.heard = time.monotonic()
        if function == 2:
            registers[0] = self.inputs
        if function == 15:
            if self.is_deaf:
                values[:] = [bool(self.outputs >> address + index & 1) for index in range(len(values))]
            mask = sum(value << address + index for index, value in enumerate(values))
            self.show(self.outputs & ~(((1 << len(values)) - 1) << address) | mask)
        if function in (1, 15):
            registers[0] = self.outputs
        return None

    async def watch(self):
        while True:
            await asyncio.sleep(0.01)
            if time.monotonic() - self.heard > self.watchdog:
                self.show(0)

    def listen(self):
        # All that came: what a buffer held would wake nobody.
        for line in os.read(0, 4096).decode().splitlines() or ["end"]:
            self.obey(*line.split())

    def obey(self, word, *numbers):
        match word:
            case "input":
                bit = 1 << int(numbers[0])
                self.inputs = self.inputs | bit if int(numbers[1]) else self.inputs & ~bit
            case "deaf":
                self.is_deaf = bool(int(numbers[0]))
            case "slow":
                self.delay = int(numbers[0]) / 1000
            case _:
                os._exit(0)


async def main():
    port, watchdog = int(sys.argv[1]), int(sys.argv[2]) / 1000
    module = Module(watchdog)
    asyncio.get_running_loop().add_reader(0, module.listen)
    watch = asyncio.create_task(module.watch())
    bits, words = [SimData(0, values=[False] * 16, datatype=DataType.BITS)], [SimData(0, datatype=DataType.REGISTERS)]
    device = SimDevice(1, simdata=(bits, bits, words, words), action=module.answer)
    await StartAsyncTcpServer(device, address=("127.0.0.1", port))
    await watch


asyncio.run(main())
