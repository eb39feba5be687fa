# Does what systemd does for a socket unit: binds UDP sockets to interfaces, hands them over from fd 3 on, and becomes
# the program. Usage: activate.pl NAME=DEVICE:PORT… -- PROGRAM ARGUMENT…
use strict;
use warnings;
use POSIX ();
use Socket;

$^F = 100;
my ($fd, @names, @kept) = (3);
while (defined(my $word = shift @ARGV)) {
    last if $word eq '--';
    my ($name, $device, $port) = $word =~ /^(.+)=(.*):(\d+)$/ or die "not NAME=DEVICE:PORT: $word\n";
    socket(my $socket, PF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
    # 25 is SO_BINDTODEVICE.
    $device eq '' or setsockopt($socket, SOL_SOCKET, 25, "$device\0") or die "bind to $device: $!\n";
    bind($socket, sockaddr_in($port, INADDR_ANY)) or die "bind to port $port: $!\n";
    fileno($socket) == $fd or POSIX::dup2(fileno($socket), $fd) or die "dup2: $!\n";
    push @kept, $socket;
    push @names, $name;
    $fd++;
}
@ENV{qw(LISTEN_FDS LISTEN_PID LISTEN_FDNAMES)} = (scalar @names, $$, join ':', @names);
exec @ARGV or die "exec $ARGV[0]: $!\n";
