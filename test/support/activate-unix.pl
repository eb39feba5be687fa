# Does what systemd does for a socket unit with ListenStream=FILE and SocketGroup=GID: root and that group may connect, and
# the program has the socket as fd 3. Usage: activate-unix.pl FILE GID NAME -- PROGRAM ARGUMENT…
use strict;
use warnings;
use File::Basename qw(dirname);
use File::Path qw(make_path);
use POSIX ();
use Socket;

$^F = 100;
my ($file, $gid, $name) = splice @ARGV, 0, 3;
shift @ARGV eq '--' or die "no --\n";
make_path(dirname($file), { mode => 0755 });
unlink $file;
socket(my $socket, PF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
bind($socket, sockaddr_un($file)) or die "bind to $file: $!\n";
chown(0, $gid, $file) or die "chown $file: $!\n";
chmod(0660, $file) or die "chmod $file: $!\n";
listen($socket, SOMAXCONN) or die "listen: $!\n";
fileno($socket) == 3 or POSIX::dup2(fileno($socket), 3) or die "dup2: $!\n";
@ENV{qw(LISTEN_FDS LISTEN_PID LISTEN_FDNAMES)} = (1, $$, $name);
exec @ARGV or die "exec $ARGV[0]: $!\n";
