/** Where the tables of a switch lie, and in which column stands what. Names as in the MIBs. */

/** RFC 3621, POWER-ETHERNET-MIB. */
export const power = {
  /** .group.port -> TruthValue: 1 is on, 2 is off. */
  adminEnable: '1.3.6.1.2.1.105.1.1.1.3',
  detectionStatus: '1.3.6.1.2.1.105.1.1.1.6',
  /** .group -> watts. */
  mainPower: '1.3.6.1.2.1.105.1.3.1.1.2',
  mainConsumption: '1.3.6.1.2.1.105.1.3.1.1.4',
} as const;

export const tables = {
  /** RFC 4188, BRIDGE-MIB: .bridgePort -> ifIndex. */
  bridgePorts: '1.3.6.1.2.1.17.1.4.1.2',
  /** dot1dTpFdbPort: .mac (6 numbers) -> bridge port. */
  forwarding: '1.3.6.1.2.1.17.4.3.1.2',
  /** 3 learned, 4 the switch itself. */
  forwardingStatus: '1.3.6.1.2.1.17.4.3.1.3',
  /** RFC 4363, Q-BRIDGE-MIB: .fdb.mac -> bridge port. */
  vlanForwarding: '1.3.6.1.2.1.17.7.1.2.2.1.2',
  vlanForwardingStatus: '1.3.6.1.2.1.17.7.1.2.2.1.3',
  /** RFC 2863, IF-MIB ifName: .ifIndex -> text. */
  interfaceNames: '1.3.6.1.2.1.31.1.1.1.1',
  /** IEEE 802.1AB, LLDP-MIB: .lldpPort -> what the switch calls it. */
  lldpLocalPortKinds: '1.0.8802.1.1.2.1.3.7.1.2',
  lldpLocalPorts: '1.0.8802.1.1.2.1.3.7.1.3',
  /** .time.lldpPort.index -> of a neighbour. */
  lldpChassisKinds: '1.0.8802.1.1.2.1.4.1.1.4',
  lldpChassis: '1.0.8802.1.1.2.1.4.1.1.5',
  lldpPortKinds: '1.0.8802.1.1.2.1.4.1.1.6',
  lldpPorts: '1.0.8802.1.1.2.1.4.1.1.7',
  lldpNames: '1.0.8802.1.1.2.1.4.1.1.9',
  lldpCapabilities: '1.0.8802.1.1.2.1.4.1.1.12',
} as const;

export type TableName = keyof typeof tables;
