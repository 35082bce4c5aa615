# Tries what Node cannot: an echo request to $host, and a socket for raw frames. Reads `our $host = '...';` before it.
# Prints {"echo": "answered" | "silent" | <error>, "frames": "open" | <error>}.
use strict;
use warnings;
use Socket;

sub checksum {
    my ($bytes) = @_;
    my $sum = 0;
    $sum += $_ for unpack('n*', $bytes);
    $sum = ($sum >> 16) + ($sum & 0xffff) while $sum >> 16;
    return ~$sum & 0xffff;
}

sub echo {
    my $icmp = 1;
    # The kind that needs no privilege first; where the kernel has it shut, the raw kind.
    my $socket;
    socket($socket, PF_INET, SOCK_DGRAM, $icmp) or socket($socket, PF_INET, SOCK_RAW, $icmp) or return "$!";
    my $packet = pack('CCnnna8', 8, 0, 0, 1, 1, 'bottle!!');
    substr($packet, 2, 2) = pack('n', checksum($packet));
    send($socket, $packet, 0, sockaddr_in(0, inet_aton($main::host))) or return "$!";
    my $ready = '';
    vec($ready, fileno($socket), 1) = 1;
    return select($ready, undef, undef, 1.5) ? 'answered' : 'silent';
}

my ($packet_family, $all_protocols) = (17, 0x0300);
my $frames = socket(my $raw, $packet_family, SOCK_RAW, $all_protocols) ? 'open' : "$!";
printf '{"echo":"%s","frames":"%s"}', echo(), $frames;
