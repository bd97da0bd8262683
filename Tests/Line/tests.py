#!/usr/bin/env python3
"""What `make line-test` runs; the names of tests may be given."""
import unittest

from test_devices import DevicesTest
from test_modbus import ModbusTest
from test_outage import OutageTest
from test_plant import PlantBrokersTest
from test_receivers import ExecTest, WebhookTest
from test_sinks import MQTTTest

__all__ = ["DevicesTest", "ExecTest", "ModbusTest", "MQTTTest", "OutageTest", "PlantBrokersTest", "WebhookTest"]

if __name__ == "__main__":
    unittest.main(verbosity=2)
