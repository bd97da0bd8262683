#!/usr/bin/env python3
"""A PLC that answers and never asks, by pymodbus: its registers 0 to 999, which anybody may read and write. memory.py PORT"""
import sys

from pymodbus.server import StartTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

StartTcpServer(SimDevice(1, simdata=[SimData(0, count=1000, datatype=DataType.REGISTERS)]), address=("127.0.0.1", int(sys.argv[1])))
