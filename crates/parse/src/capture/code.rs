//! Numbers of capture files, links and networks. Unknown numbers survive.

use std::fmt;

use crate::tls::code::codes;

codes! {
    /// What a packet starts with: the registry of link types at tcpdump.org.
    LinkType(u16) {
        NULL = 0 "NULL"
        ETHERNET = 1 "ETHERNET"
        PPP = 9 "PPP"
        RAW_12 = 12 "RAW"
        RAW_14 = 14 "RAW"
        PPP_HDLC = 50 "PPP_HDLC"
        PPP_ETHER = 51 "PPP_ETHER"
        RAW = 101 "RAW"
        C_HDLC = 104 "C_HDLC"
        IEEE802_11 = 105 "IEEE802_11"
        LOOP = 108 "LOOP"
        LINUX_SLL = 113 "LINUX_SLL"
        IEEE802_11_RADIOTAP = 127 "IEEE802_11_RADIOTAP"
        PPI = 192 "PPI"
        IPV4 = 228 "IPV4"
        IPV6 = 229 "IPV6"
        LINUX_SLL2 = 276 "LINUX_SLL2"
    }

    /// What a block of pcapng is (draft-ietf-opsawg-pcapng, "Block Types"), and the header of a file of pcap by its magic
    /// number (draft-ietf-opsawg-pcap).
    BlockType(u32) {
        INTERFACE_DESCRIPTION = 1 "Interface Description"
        PACKET = 2 "Packet"
        SIMPLE_PACKET = 3 "Simple Packet"
        NAME_RESOLUTION = 4 "Name Resolution"
        INTERFACE_STATISTICS = 5 "Interface Statistics"
        ENHANCED_PACKET = 6 "Enhanced Packet"
        DECRYPTION_SECRETS = 10 "Decryption Secrets"
        CUSTOM = 0x0000_0bad "Custom"
        CUSTOM_NOT_COPIED = 0x4000_0bad "Custom"
        SECTION_HEADER = 0x0a0d_0d0a "Section Header"
        FILE_MICROSECONDS = 0xa1b2_c3d4 "File Header"
        FILE_NANOSECONDS = 0xa1b2_3c4d "File Header"
        FILE_MODIFIED = 0xa1b2_cd34 "File Header"
    }

    /// What secrets a file carries (draft-ietf-opsawg-pcapng, "Decryption Secrets Block").
    SecretsType(u32) {
        SSH_KEY_LOG = 0x5353_484b "SSH Key Log"
        TLS_KEY_LOG = 0x544c_534b "TLS Key Log"
        WIREGUARD_KEY_LOG = 0x5747_4b4c "WireGuard Key Log"
    }

    /// What an Ethernet frame holds (IANA, "IEEE 802 Numbers"). The names are those of the registry or the protocol.
    EtherType(u16) {
        IPV4 = 0x0800 "IPv4"
        ARP = 0x0806 "ARP"
        TRANSPARENT_ETHERNET = 0x6558 "Trans Ether Bridging"
        REVERSE_ARP = 0x8035 "RARP"
        VLAN = 0x8100 "VLAN"
        IPX = 0x8137 "IPX"
        IPV6 = 0x86dd "IPv6"
        SLOW_PROTOCOLS = 0x8809 "Slow Protocols"
        PPP = 0x880b "PPP"
        MPLS = 0x8847 "MPLS"
        MPLS_UPSTREAM = 0x8848 "MPLS"
        PPPOE_DISCOVERY = 0x8863 "PPPoE Discovery"
        PPPOE_SESSION = 0x8864 "PPPoE Session"
        EAPOL = 0x888e "EAPOL"
        PROFINET = 0x8892 "PROFINET"
        PROVIDER_BRIDGING = 0x88a8 "S-VLAN"
        WAI = 0x88b4 "WAI"
        GOOSE = 0x88b8 "GOOSE"
        SAMPLED_VALUES = 0x88ba "Sampled Values"
        ERSPAN = 0x88be "ERSPAN"
        LLDP = 0x88cc "LLDP"
        MACSEC = 0x88e5 "MACsec"
        VLAN_DOUBLE = 0x9100 "VLAN Double Tag"
    }

    /// What a packet of IP holds (IANA, "Assigned Internet Protocol Numbers").
    IpProtocol(u8) {
        HOP_BY_HOP = 0 "HOPOPT"
        ICMP = 1 "ICMP"
        IGMP = 2 "IGMP"
        IPV4 = 4 "IPv4"
        TCP = 6 "TCP"
        EGP = 8 "EGP"
        UDP = 17 "UDP"
        IPV6 = 41 "IPv6"
        IPV6_ROUTE = 43 "IPv6-Route"
        IPV6_FRAGMENT = 44 "IPv6-Frag"
        RSVP = 46 "RSVP"
        GRE = 47 "GRE"
        ESP = 50 "ESP"
        AH = 51 "AH"
        IPV6_ICMP = 58 "IPv6-ICMP"
        IPV6_NO_NEXT = 59 "IPv6-NoNxt"
        IPV6_OPTIONS = 60 "IPv6-Opts"
        EIGRP = 88 "EIGRP"
        OSPF = 89 "OSPFIGP"
        PIM = 103 "PIM"
        VRRP = 112 "VRRP"
        L2TP = 115 "L2TP"
        SCTP = 132 "SCTP"
        MPLS_IN_IP = 137 "MPLS-in-IP"
    }
}
